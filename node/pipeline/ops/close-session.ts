/** closeSession (-11), asked for by a client or by expiry: client-protocol.md 7.16, 15.5. */
import type { ErrorCode } from '../../../wire/errors.ts'
import type { SessionId } from '../../../wire/ids.ts'
import { highWord, lowWord } from '../../../wire/ids.ts'
import { OpCode } from '../../../wire/opcodes.ts'
import { parentOf } from '../../../wire/paths.ts'
import type { CloseSessionTxn } from '../../../wire/records/txn.ts'
import { OwnerKind } from '../../tree/owner.ts'
import type { Preparer } from '../preparer.ts'

/** Marks the session closing, and takes away what it owns now and will own. */
export function prepareCloseSession(
  preparer: Preparer,
  sessionId: SessionId,
): CloseSessionTxn | ErrorCode {
  const { changes, options, tracker } = preparer
  const session = tracker.get(sessionId)
  if (session !== undefined) session.isClosing = true
  const paths = ownedPaths(preparer, sessionId)
  for (const path of paths) {
    const node = changes.look(path)
    const parent = changes.look(parentOf(path))
    if (node === undefined || parent === undefined) continue
    changes.childChanged(parent, -1)
    changes.delete(node)
  }
  return { type: OpCode.closeSession, paths: options.closeSessionTxn ? paths : null }
}

function ownedPaths(preparer: Preparer, sessionId: SessionId): string[] {
  const { changes, tree } = preparer
  const paths = new Set<string>()
  for (const node of tree.ephemerals.of(sessionId)) paths.add(tree.path(node))
  const high = highWord(sessionId)
  const low = lowWord(sessionId)
  for (const node of changes.all()) {
    const owned =
      node.exists &&
      node.ownerHigh === high &&
      node.ownerLow === low &&
      changes.kindOf(node) === OwnerKind.ephemeral
    if (owned) paths.add(node.path)
    else paths.delete(node.path)
  }
  return [...paths]
}
