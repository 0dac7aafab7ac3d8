import { ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'

test('quantiles are at most one part in 32 below the true ones', () => {
  const values = fc.array(fc.integer({ min: 0, max: 0x7fffffff }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (samples, q) => {
      const histogram = new Histogram()
      for (const sample of samples) histogram.observe(sample)
      const sorted = samples.toSorted((a, b) => a - b)
      const exact = sorted[Math.ceil(q * sorted.length) - 1]!
      const found = histogram.quantile(q)
      ok(found <= exact && found >= exact - exact / 32, `${found} for ${exact}`)
      strictEqual(histogram.max, sorted.at(-1))
    }),
  )
})
