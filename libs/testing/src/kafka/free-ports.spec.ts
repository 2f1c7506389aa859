// Ports that are given to servers which are killed and started again: nobody else may be given them in between.
import { createServer, type AddressInfo } from 'node:net';
import { freePorts } from './free-ports.js';

it('gives none twice, though none of them is held', async () => {
  const ports = [...(await freePorts(40)), ...(await freePorts(40))];
  expect(new Set(ports).size).toBe(80);
});

/** Where the system's own begin too low, as some machines are tuned, there is nothing below them to give. */
const isRoom = (anys: readonly number[]): boolean => Math.min(...anys) > 20_000;

it('gives none that the system gives to whoever asks for any', async () => {
  const anys = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const server = createServer();
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      const { port } = server.address() as AddressInfo;
      await new Promise((closed) => server.close(closed));
      return port;
    }),
  );
  const ports = await freePorts(40);
  expect(ports.every((port) => port > 1_024)).toBe(true);
  if (isRoom(anys)) expect(Math.max(...ports)).toBeLessThan(Math.min(...anys));
});
