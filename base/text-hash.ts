/**
 * A short name for a text, the same everywhere: two FNV-1a hashes of 32 bits, in ten letters and
 * digits. It tells versions apart; it is no protection against anybody.
 */
export function textHash(text: string): string {
  let low = 0x811c9dc5
  let high = 0x9747b28c
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  return digits(high) + digits(low)
}

function digits(word: number): string {
  return (word >>> 0).toString(36).padStart(7, '0').slice(-5)
}
