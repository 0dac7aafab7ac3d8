import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zxid } from '../../wire/ids.ts'
import { EPOCH_FILES, loadEpochs, readEpoch, writeEpoch } from './epoch-files.ts'
import { MemoryDisk } from './memory-disk.ts'

const DIR = '/data/version-2'

function diskWith(files: Readonly<Record<string, string>>): MemoryDisk {
  const disk = new MemoryDisk()
  for (const [name, text] of Object.entries(files)) {
    disk.poke(`${DIR}/${name}`, new TextEncoder().encode(text))
  }
  return disk
}

test('an epoch is decimal text without a newline and survives a crash once written', async () => {
  const disk = diskWith({ currentEpoch: '1' })
  await writeEpoch(disk, DIR, EPOCH_FILES.current, 23)
  disk.crash()
  assert.deepEqual([...disk.peek(`${DIR}/currentEpoch`)], [0x32, 0x33])
  assert.equal(await readEpoch(disk, DIR, 'currentEpoch'), 23)
  assert.deepEqual(await disk.list(DIR), ['currentEpoch'])
})

test('only the first line is read, and it must be a number', async () => {
  assert.equal(await readEpoch(diskWith({ e: '7\nrest' }), DIR, 'e'), 7)
  assert.equal(await readEpoch(diskWith({}), DIR, 'e'), undefined)
  for (const text of ['', 'seven', '7 ', '0x7', '99999999999999999999']) {
    await assert.rejects(readEpoch(diskWith({ e: text }), DIR, 'e'), /found .*valid is a decimal/)
  }
})

test('missing files are written from the newest zxid and named', async () => {
  const disk = diskWith({})
  const epochs = await loadEpochs(disk, DIR, zxid(0x300000001n))
  assert.deepEqual(epochs, {
    accepted: 3,
    current: 3,
    recreated: ['currentEpoch', 'acceptedEpoch'],
  })
  assert.equal(await readEpoch(disk, DIR, 'acceptedEpoch'), 3)
})

test('files and database that contradict each other stop the start', async () => {
  const last = zxid(0x300000001n)
  const older = diskWith({ currentEpoch: '2', acceptedEpoch: '2' })
  await assert.rejects(loadEpochs(older, DIR, last), /current epoch 2 is older .* 3/)
  const lost = diskWith({ currentEpoch: '2' })
  await assert.rejects(loadEpochs(lost, DIR, last), /current epoch 2 is older .* 3/)
  const accepted = diskWith({ currentEpoch: '4', acceptedEpoch: '3' })
  await assert.rejects(loadEpochs(accepted, DIR, last), /accepted epoch 3 is less .* 4/)
  const fine = diskWith({ currentEpoch: '4', acceptedEpoch: '5' })
  assert.deepEqual(await loadEpochs(fine, DIR, last), { accepted: 5, current: 4, recreated: [] })
})

test('an interrupted write of the current epoch is adopted', async () => {
  const files = { currentEpoch: '2', 'currentEpoch.tmp': '3', acceptedEpoch: '3' }
  const disk = diskWith(files)
  assert.equal((await loadEpochs(disk, DIR, zxid(0x300000001n))).current, 3)
  assert.equal(await readEpoch(disk, DIR, 'currentEpoch'), 3)
})

test('a crash between the history of an epoch and currentEpoch is repaired', async () => {
  const disk = diskWith({ currentEpoch: '2', acceptedEpoch: '4' })
  const epochs = await loadEpochs(disk, DIR, zxid(0x300000001n))
  assert.deepEqual(epochs, { accepted: 4, current: 3, recreated: [] })
  assert.equal(await readEpoch(disk, DIR, 'currentEpoch'), 3)
})
