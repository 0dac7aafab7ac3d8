import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataDirs } from './file-names.ts'
import { MemoryDisk } from './memory-disk.ts'
import { purge } from './purge.ts'

const DIR = '/data/version-2'
const VALID = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2f])

function diskWith(valid: readonly string[], others: readonly string[]): MemoryDisk {
  const disk = new MemoryDisk()
  for (const name of valid) disk.poke(`${DIR}/${name}`, VALID)
  for (const name of others) disk.poke(`${DIR}/${name}`, new Uint8Array(20))
  return disk
}

async function left(disk: MemoryDisk, retain: number): Promise<string[]> {
  await purge(disk, dataDirs('/data'), retain)
  return (await disk.list(DIR)).sort()
}

test('the newest snapshots stay, and every log that the oldest of them needs', async () => {
  const disk = diskWith(
    ['snapshot.10', 'snapshot.20', 'snapshot.30', 'snapshot.40', 'snapshot.50'],
    ['log.1', 'log.11', 'log.2a', 'log.31', 'log.41', 'currentEpoch'],
  )
  assert.deepEqual(await left(disk, 3), [
    'currentEpoch',
    'log.2a',
    'log.31',
    'log.41',
    'snapshot.30',
    'snapshot.40',
    'snapshot.50',
  ])
})

test('snapshots that are not whole are not counted, nor removed while newer', async () => {
  const disk = diskWith(
    ['snapshot.10', 'snapshot.20', 'snapshot.30', 'snapshot.40'],
    ['snapshot.35', 'snapshot.5', 'snapshot.60.tmp', 'log.1', 'log.20', 'log.21'],
  )
  assert.deepEqual(await left(disk, 3), [
    'log.20',
    'log.21',
    'snapshot.20',
    'snapshot.30',
    'snapshot.35',
    'snapshot.40',
    'snapshot.60.tmp',
  ])
})

test('with too few of them nothing is removed, and three is the least that stays', async () => {
  const names = ['snapshot.10', 'snapshot.20']
  assert.equal((await left(diskWith(names, ['log.1', 'log.11', 'snapshot.5']), 3)).length, 5)
  const five = ['snapshot.1', 'snapshot.2', 'snapshot.3', 'snapshot.4', 'snapshot.5']
  assert.deepEqual(await left(diskWith(five, []), 1), ['snapshot.3', 'snapshot.4', 'snapshot.5'])
})
