// Fills the two input topics with the mix by which the aggregator is measured, by Kafka's own Java producer: a program that
// shares nothing with what is measured. Prints "filled ACTIVITY COMMANDS seconds SECONDS".
// Arguments: brokers, topic prefix, inputs, users, seed.
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

final class FillInputs {
  private static final String[] STATES = {"online", "unavailable", "busy", "online"};

  public static void main(String[] arguments) throws Exception {
    String prefix = arguments[1];
    int inputs = Integer.parseInt(arguments[2]);
    int users = Integer.parseInt(arguments[3]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[4]));
    AtomicReference<Exception> failure = new AtomicReference<>();
    long commands = 0;
    long startedNs = System.nanoTime();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings(arguments[0]))) {
      for (int index = 0; index < inputs && failure.get() == null; index += 1) {
        String user = "@user" + random.nextInt(users) + ":bench.example";
        double share = random.nextDouble();
        boolean isCommand = share >= 0.98;
        if (isCommand) commands += 1;
        String value = share < 0.9 ? active(user) : isCommand ? set(user, random) : connected(user);
        String topic = prefix + (isCommand ? "commands" : "activity");
        producer.send(
            new ProducerRecord<>(topic, bytes(user), bytes(value)),
            (metadata, error) -> { if (error != null) failure.set(error); });
      }
      producer.flush();
    }
    if (failure.get() != null) throw failure.get();
    double seconds = (System.nanoTime() - startedNs) / 1e9;
    System.out.println("filled " + (inputs - commands) + " " + commands + " seconds " + seconds);
  }

  private static Properties settings(String brokers) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", brokers);
    settings.put("key.serializer", ByteArraySerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    settings.put("acks", "all");
    settings.put("linger.ms", "20");
    settings.put("batch.size", "131072");
    settings.put("buffer.memory", "67108864");
    return settings;
  }

  private static String active(String user) {
    return "{\"type\":\"device.active\",\"v\":1,\"user_id\":\"" + user + "\",\"device_id\":\"PHONE\"}";
  }

  private static String connected(String user) {
    return "{\"type\":\"device.connected\",\"v\":1,\"user_id\":\"" + user
        + "\",\"device_id\":\"PHONE\",\"session_id\":\"gateway-1\",\"claim\":\"auto\",\"lease_ms\":300000}";
  }

  private static String set(String user, SplittableRandom random) {
    return "{\"type\":\"presence.set\",\"v\":1,\"user_id\":\"" + user
        + "\",\"device_id\":\"PHONE\",\"presence\":\"" + STATES[random.nextInt(STATES.length)]
        + "\",\"status_msg\":\"at work\"}";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
