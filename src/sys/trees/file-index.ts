/**
 * Digests of file contents. For a build context they are kept beside it with each file's stat,
 * so that only what changed is read again.
 */
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import type { TreeSource } from '#sys/trees/messages.ts'
import { below } from '#sys/trees/paths.ts'
import type { TreeNode } from '#sys/trees/walk.ts'

export interface FileIndex {
  readonly digestOf: (node: TreeNode) => string
  /** Writes what is new; without an `indexPath` there is nothing to write. */
  save(): void
}

type Entry = readonly [signature: string, digest: string]

export function openFileIndex(source: TreeSource): FileIndex {
  const { indexPath } = source
  const known = indexPath === undefined ? new Map<string, Entry>() : load(indexPath)
  let isChanged = false
  return {
    digestOf(node) {
      const signature = signatureOf(node.stats)
      const entry = known.get(node.sourcePath)
      if (entry?.[0] === signature) return entry[1]
      const digest = digestFile(below(source.rootPath, node.sourcePath))
      known.set(node.sourcePath, [signature, digest])
      isChanged = true
      return digest
    },
    save() {
      if (!isChanged || indexPath === undefined) return
      const temporary = `${indexPath}.${process.pid}-${Math.random().toString(36).slice(2)}`
      fs.writeFileSync(temporary, JSON.stringify([...known]), { mode: 0o600 })
      fs.renameSync(temporary, indexPath)
    },
  }
}

/** A change of the content moves at least one of these. */
function signatureOf({ ino, size, mtimeNs, ctimeNs }: fs.BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`
}

/** An index that is absent or damaged costs time, nothing else. */
function load(path: string): Map<string, Entry> {
  try {
    return new Map(JSON.parse(fs.readFileSync(path, 'utf8')))
  } catch {
    return new Map()
  }
}

const piece = Buffer.allocUnsafeSlow(256 * 1024)

function digestFile(path: fs.PathLike): string {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
  const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const hash = createHash('sha256')
    for (;;) {
      const length = fs.readSync(fd, piece)
      if (length === 0) return hash.digest('hex')
      hash.update(piece.subarray(0, length))
    }
  } finally {
    fs.closeSync(fd)
  }
}
