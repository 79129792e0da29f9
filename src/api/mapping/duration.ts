/** A duration as Docker's clients print it: `Less than a second`, `3 minutes`, `About an hour`. */
export function formatDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds.toString()} seconds`
  const minutes = Math.trunc(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes.toString()} minutes`
  const hours = Math.round(seconds / 3600)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours.toString()} hours`
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24).toString()} days`
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7).toString()} weeks`
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30).toString()} months`
  return `${Math.trunc(hours / 24 / 365).toString()} years`
}
