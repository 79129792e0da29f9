/** A worker thread that looks around in a root of its own, and then in the machine's again. */
import { readdirSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { detachThreadRoot } from '#sys/chroot.ts'

const root = detachThreadRoot()
root.enter(String(workerData))
const inside = readdirSync('/')
root.leave()
parentPort?.postMessage({ inside, isBack: readdirSync('/').includes('proc') }, [])
