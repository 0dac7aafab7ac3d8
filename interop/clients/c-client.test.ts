/** behaviours.md 242: the C client's shell, whose library aborts on replies out of order. */
import { suite } from '../harness/suite.ts'
import { cClient } from '../peers/c-client.ts'
import { Dialogue } from './dialogue.ts'

suite('C client', {}, item => {
  item('242: create2, watches, multi-step sessions', async ({ connect, server, root }) => {
    const { cli, libraryPath } = await cClient()
    const dialogue = new Dialogue(cli, [server.connectString], { LD_LIBRARY_PATH: libraryPath })
    try {
      await dialogue.hear(/Watcher SESSION_EVENT state = CONNECTED_STATE/)
      await dialogue.ask(`create ${root}`, /rc = 0\n\tname = \/t242\n/)
      await dialogue.ask(
        `create2 ${root}/two`,
        /rc = 0\n\tname = \/t242\/two\n[^]*version=0\taversion=0/,
      )
      // get and ls leave watches.
      await dialogue.ask(`get ${root}`, /rc = 0\n value_len = 3\nnew\n/)
      await dialogue.ask(
        `set ${root} other`,
        /CHANGED_EVENT state = CONNECTED_STATE for path \/t242\n/,
      )
      await dialogue.hear(/rc = 0 Stat:\n[^]*version=1/)
      await dialogue.ask(`get ${root}`, /value_len = 5\nother\n/)
      await dialogue.ask(`ls ${root}`, /rc = 0\n\ttwo\n/)
      await dialogue.ask(`wexists ${root}/later`, /Error -101 for \/t242\/later/)
      const other = await connect()
      await other.create(`${root}/later`)
      await dialogue.hear(/CREATED_EVENT state = CONNECTED_STATE for path \/t242\/later\n/)
      await dialogue.hear(/CHILD_EVENT state = CONNECTED_STATE for path \/t242\n/)
      await dialogue.ask(`delete ${root}`, /rc = -111/)
      await dialogue.ask(`delete ${root}/two`, /rc = 0/)
      await dialogue.ask(`sync ${root}`, /rc = 0\n\tname = \/t242\n/)
      dialogue.say('quit')
    } finally {
      await dialogue.end()
    }
  })
})
