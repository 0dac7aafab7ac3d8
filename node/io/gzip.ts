/** gzip for snapshots, over zlib's streams with back-pressure. */
import { once } from 'node:events'
import { createGunzip, createGzip } from 'node:zlib'
import type { ByteSink, ByteSource, Compression } from '../storage/disk.ts'

export const zlibCompression: Compression = { gzip: gzipSink, gunzip: gunzipSource }

function gzipSink(into: ByteSink): ByteSink {
  const stream = createGzip()
  /** Passes compressed bytes on until the stream ends; rejects when it or `into` fails. */
  const pumped = (async (): Promise<void> => {
    for await (const chunk of stream) await into.write(chunk as Uint8Array)
  })()
  // A failure is met by the next write or by close.
  pumped.catch(() => undefined)
  return {
    async write(bytes: Uint8Array): Promise<void> {
      // The caller may reuse its bytes: the callback says that zlib has taken them all in.
      const taken = new Promise<void>((resolve, reject) => {
        stream.write(bytes, error => (error ? reject(error) : resolve()))
      })
      await Promise.race([taken, pumped])
      await taken
    },
    async close(): Promise<void> {
      stream.end()
      await pumped
      await into.close()
    },
    async abort(): Promise<void> {
      stream.destroy()
      await pumped.catch(() => undefined)
      await into.abort()
    },
  }
}

function gunzipSource(from: ByteSource): ByteSource {
  const stream = createGunzip()
  const fed = (async (): Promise<void> => {
    for (;;) {
      const chunk = await from.next()
      if (chunk === null) break
      if (!stream.write(chunk)) await once(stream, 'drain')
    }
    stream.end()
  })()
  fed.catch((error: unknown) => stream.destroy(error as Error))
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return {
    async next(): Promise<Uint8Array | null> {
      const result = await chunks.next()
      return result.done === true ? null : result.value
    },
  }
}
