// The comparison: the same inputs through Kafka Streams, exactly-once, committing every 100 ms, with an in-memory store
// that has its changelog. It does less than the aggregator: no sessions, leases, overrides, versions of lives or progress.
// Per user it keeps presence, message and last activity, emits changes and states, and lets `currently_active` expire.
// Arguments: brokers, topic prefix, state folder. Runs until it is ended.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

final class PresenceStreams {
  private static final String STORE = "users";
  private static final long ACTIVE_FOR_MS = 60_000;

  public static void main(String[] arguments) {
    String prefix = arguments[1];
    Topology topology = new Topology();
    topology.addSource("inputs", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), prefix + "activity", prefix + "commands");
    topology.addProcessor("fold", Fold::new, "inputs");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray())
            .withLoggingEnabled(Map.of()),
        "fold");
    topology.addSink("changes", prefix + "streams-changes", Serdes.String().serializer(), Serdes.ByteArray().serializer(), "fold");
    topology.addSink("states", prefix + "streams-states", Serdes.String().serializer(), Serdes.ByteArray().serializer(), "fold");
    KafkaStreams streams = new KafkaStreams(topology, settings(arguments));
    streams.setUncaughtExceptionHandler((error) -> {
      error.printStackTrace();
      System.exit(1);
      return null;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static Properties settings(String[] arguments) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[1] + "streams");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[2]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    return settings;
  }

  /** What is kept of a user, packed: presence, active, version, last activity, message. */
  private static final class User {
    byte presence;
    boolean active;
    int version;
    long activeAtMs;
    String message = "";

    static User of(byte[] packed) {
      User user = new User();
      if (packed == null) return user;
      ByteBuffer from = ByteBuffer.wrap(packed);
      user.presence = from.get();
      user.active = from.get() == 1;
      user.version = from.getInt();
      user.activeAtMs = from.getLong();
      byte[] message = new byte[from.remaining()];
      from.get(message);
      user.message = new String(message, StandardCharsets.UTF_8);
      return user;
    }

    byte[] packed() {
      byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.allocate(14 + bytes.length)
          .put(presence).put((byte) (active ? 1 : 0)).putInt(version).putLong(activeAtMs).put(bytes).array();
    }
  }

  private static final class Fold implements Processor<String, byte[], String, byte[]> {
    private static final String[] STATES = {"offline", "unavailable", "online", "busy"};
    private final ObjectMapper mapper = new ObjectMapper();
    private final PriorityQueue<Map.Entry<Long, String>> deadlines = new PriorityQueue<>(Map.Entry.comparingByKey());
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, byte[]> users;

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
      context = given;
      users = given.getStateStore(STORE);
      given.schedule(Duration.ofMillis(250), PunctuationType.STREAM_TIME, this::expire);
    }

    @Override
    public void process(Record<String, byte[]> record) {
      try {
        JsonNode input = mapper.readTree(record.value());
        User user = User.of(users.get(record.key()));
        byte presence = user.presence;
        boolean active = user.active;
        String message = user.message;
        switch (input.path("type").asText()) {
          case "device.active" -> bump(user, record);
          case "device.connected" -> {
            if (user.presence == 0) { user.presence = 2; bump(user, record); }
          }
          case "presence.set" -> {
            user.presence = rank(input.path("presence").asText());
            user.message = input.path("status_msg").asText("");
            if (user.presence >= 2) bump(user, record);
          }
          default -> { return; }
        }
        boolean moved = presence != user.presence || active != user.active || !message.equals(user.message);
        if (moved) user.version += 1;
        users.put(record.key(), user.packed());
        if (moved) tell(record.key(), user, record.timestamp(), presence, active);
      } catch (java.io.IOException broken) {
        throw new IllegalStateException(broken);
      }
    }

    private void bump(User user, Record<String, byte[]> record) {
      user.activeAtMs = record.timestamp();
      if (!user.active && user.presence >= 2) {
        user.active = true;
        deadlines.add(Map.entry(record.timestamp() + ACTIVE_FOR_MS, record.key()));
      }
    }

    private void expire(long nowMs) {
      while (!deadlines.isEmpty() && deadlines.peek().getKey() <= nowMs) {
        String key = deadlines.poll().getValue();
        User user = User.of(users.get(key));
        long dueMs = user.activeAtMs + ACTIVE_FOR_MS;
        if (!user.active) continue;
        if (dueMs > nowMs) { deadlines.add(Map.entry(dueMs, key)); continue; }
        user.active = false;
        user.version += 1;
        users.put(key, user.packed());
        tell(key, user, dueMs, user.presence, true);
      }
    }

    private void tell(String key, User user, long atMs, byte presence, boolean active) {
      String view = "\"presence\":\"" + STATES[user.presence] + "\",\"status_msg\":\"" + user.message
          + "\",\"currently_active\":" + user.active + ",\"last_active_ts\":" + user.activeAtMs;
      String head = "\"v\":1,\"user_id\":\"" + key + "\",\"version\":" + user.version + ",\"at_ts\":" + atMs + ",";
      String before = ",\"before\":{\"presence\":\"" + STATES[presence] + "\",\"currently_active\":" + active + "}}";
      context.forward(new Record<>(key, bytes("{\"type\":\"presence.changed\"," + head + view + before), atMs), "changes");
      context.forward(new Record<>(key, bytes("{\"type\":\"presence.state\"," + head + view + "}"), atMs), "states");
    }

    private static byte rank(String presence) {
      for (byte rank = 0; rank < STATES.length; rank += 1) if (STATES[rank].equals(presence)) return rank;
      return 0;
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }
}
