/** Four-letter words over a plain socket. */
import { createConnection } from 'node:net'
import { WAIT_MS, within } from './wait.ts'

/** Sends `word` and returns everything up to the end of the connection. Rejects when refused. */
export async function fourLetter(
  port: number,
  word: string | Uint8Array,
  timeoutMs: number = WAIT_MS,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = createConnection({ host: '127.0.0.1', port })
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (text += chunk))
  socket.once('error', reject)
  socket.once('close', () => resolve(text))
  socket.write(word)
  try {
    return await within(promise, `answer to ${String(word)}`, timeoutMs)
  } finally {
    socket.destroy()
  }
}
