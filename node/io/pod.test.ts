import { deepEqual, equal } from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemTimers } from './clock.ts'
import { healthPage } from './health-pages.ts'
import { HotSettings } from './hot-settings.ts'
import { type PodPaths, preparePod } from './pod.ts'

const ENVIRONMENT = new Map([
  ['POD_NAME', 'zk-0'],
  ['ZK_POD_FIRST_ID', '1'],
  ['ZK_POD_ROLE', 'voter'],
  ['ZK_POD_DOMAIN', 'd'],
])

function volumes(t: TestContext, hasLog: boolean): PodPaths {
  const root = mkdtempSync(join(tmpdir(), 'pod-'))
  t.after(() => rmSync(root, { recursive: true }))
  const paths = {
    data: join(root, 'data'),
    log: join(root, 'log'),
    config: join(root, 'config'),
    ensemble: join(root, 'ensemble'),
  }
  for (const path of [paths.data, paths.config, paths.ensemble]) mkdirSync(path)
  if (hasLog) mkdirSync(paths.log)
  writeFileSync(join(paths.config, 'zoo.cfg'), hasLog ? 'dataLogDir=/datalog\n' : 'tickTime=2000\n')
  writeFileSync(join(paths.ensemble, 'members'), 'server.1=zk-0.d:2888:3888;2181\n')
  return paths
}

function allowFirstStart(paths: PodPaths): void {
  const until = Math.floor(Date.now() / 1000) + 60
  writeFileSync(join(paths.ensemble, 'first-start-until'), `${until}\n`)
}

test('a first start leaves everything that a member needs', async t => {
  const paths = volumes(t, true)
  allowFirstStart(paths)
  const pod = await preparePod(ENVIRONMENT, paths)
  equal(pod.id, 1)
  equal(readFileSync(join(paths.data, 'myid'), 'utf8'), '1\n')
  equal(existsSync(join(paths.log, 'initialize')), true)
  equal(
    readFileSync(pod.configPath, 'utf8'),
    'dataLogDir=/datalog\nserver.1=zk-0.d:2888:3888;2181\n',
  )
})

test('a voter on an empty disk waits until it may', async t => {
  const paths = volumes(t, false)
  let isStarted = false
  const started = preparePod(ENVIRONMENT, paths).then(() => (isStarted = true))
  await new Promise(resolve => setImmediate(resolve))
  equal(isStarted, false)
  allowFirstStart(paths)
  await started
  equal(existsSync(join(paths.data, 'initialize')), true)
})

test('a disk of the past is emptied, on both volumes', async t => {
  const paths = volumes(t, true)
  allowFirstStart(paths)
  await preparePod(ENVIRONMENT, paths)
  mkdirSync(join(paths.data, 'version-2'))
  writeFileSync(join(paths.data, 'version-2', 'snapshot.0'), 'x')
  mkdirSync(join(paths.log, 'version-2'))
  writeFileSync(join(paths.ensemble, 'wipe'), '1=0x100000005\n')
  await preparePod(ENVIRONMENT, paths)
  equal(existsSync(join(paths.data, 'version-2')), false)
  equal(existsSync(join(paths.log, 'version-2')), false)
  equal(readFileSync(join(paths.data, 'conf', 'wiped-at'), 'utf8'), '0x100000005\n')
})

test('settings are read again, and a file that is away changes nothing', t => {
  const paths = volumes(t, false)
  const path = join(paths.ensemble, 'settings')
  const heard: string[] = []
  const silent = (): void => {}
  const settings = new HotSettings(
    path,
    {
      setLogLevel: level => heard.push(level),
      setFourLetterWords: words => heard.push(words),
    },
    { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  )
  const alarm = settings.watch(systemTimers)
  t.after(() => alarm.cancel())
  equal(settings.hash, undefined)
  writeFileSync(path, '4lw.commands.whitelist=srvr,conf\nlogLevel=debug\n')
  settings.look()
  const first = settings.hash
  rmSync(path)
  settings.look()
  equal(settings.hash, first)
  deepEqual(heard, ['debug', 'srvr,conf'])
})

test('probes get a status: ready means serving in a quorum', () => {
  const view = (isServing: boolean, mode: 'follower' | 'read-only') => ({
    isServing: () => isServing,
    mode: () => mode,
  })
  equal(healthPage('/live', view(false, 'follower'), undefined)?.status, 200)
  equal(healthPage('/ready', view(false, 'follower'), undefined)?.status, 503)
  equal(healthPage('/ready', view(true, 'follower'), undefined)?.status, 200)
  equal(healthPage('/ready', view(true, 'read-only'), undefined)?.status, 503)
  equal(healthPage('/pod', view(true, 'follower'), undefined), undefined)
  const pod = { id: 4, settings: () => 'abc' }
  deepEqual(JSON.parse(healthPage('/pod', view(true, 'follower'), pod)?.body ?? ''), {
    id: 4,
    settings: 'abc',
  })
})
