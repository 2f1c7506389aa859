// Ports that are given to servers which are killed and started again: nobody else may be given them in between.
import { createServer, type AddressInfo } from 'node:net';
import { freePorts } from './free-ports.js';

it('gives none twice, though none of them is held', async () => {
  const ports = [...(await freePorts(40)), ...(await freePorts(40))];
  expect(new Set(ports).size).toBe(80);
});

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
  expect(Math.max(...(await freePorts(40)))).toBeLessThan(Math.min(...anys));
});
