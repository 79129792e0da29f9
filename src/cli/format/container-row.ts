import { shortId } from '#base/ids.ts'
import { formatPorts } from '#cli/format/ports.ts'
import { quoteGo } from '#cli/template/literals.ts'
import { nilPointer } from '#cli/template/typed.ts'
import { formatCreated, formatSize } from '#cli/format/units.ts'
import { formatDuration } from '#wire/duration.ts'
import { ellipsis } from '#cli/format/list.ts'
import type { ContainerSummary } from '#wire/containers.ts'

const commandWidth = 20

/** One container as `ps` and its templates show it. */
export function containerRow(
  container: ContainerSummary,
  { nowMs, isTruncated }: { readonly nowMs: number; readonly isTruncated: boolean },
) {
  const names = container.Names.map((name) => name.replace(/^\//, ''))
  const labels = container.Labels ?? {}
  const mounts = (container.Mounts ?? []).map((mount) => mount.Name ?? mount.Source)
  return {
    ID: isTruncated ? shortId(container.Id) : container.Id,
    Image: imageText(container, isTruncated),
    Command: quoteGo(isTruncated ? ellipsis(container.Command, commandWidth) : container.Command),
    CreatedAt: formatCreated(container.Created),
    RunningFor: `${formatDuration(nowMs - container.Created * 1000)} ago`,
    State: container.State,
    Status: container.Status,
    Ports: formatPorts(container.Ports),
    Names: (isTruncated ? names.filter((name) => !name.includes('/')) : names).join(','),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    LocalVolumes: String(
      (container.Mounts ?? []).filter((mount) => mount.Driver === 'local').length,
    ),
    Mounts: mounts.map((mount) => (isTruncated ? ellipsis(mount, 15) : mount)).join(','),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Platform: nilPointer,
    Size: sizeText(container),
    Label: (name: unknown) => labels[String(name)] ?? '',
  }
}

export type ContainerRow = ReturnType<typeof containerRow>

function imageText({ Image, ImageID }: ContainerSummary, isTruncated: boolean): string {
  if (Image === '') return '<no image>'
  const isBareId =
    isTruncated && shortId(Image) === shortId(ImageID) && /^(sha256:)?[0-9a-f]{12,}$/.test(Image)
  return isBareId ? shortId(Image) : Image
}

function sizeText({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = formatSize(SizeRw, 3)
  return SizeRootFs > 0 ? `${own} (virtual ${formatSize(SizeRootFs, 3)})` : own
}
