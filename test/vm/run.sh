#!/usr/bin/env bash
# Boots Debian 12 with systemd, cgroup v2 and Debian's own kernel under QEMU's software emulation, and
# runs inside.sh there with the installed engine: what this machine's kernel and cgroups cannot show.
# Needs mmdebstrap, qemu-system-x86 and e2fsprogs, and the official docker command line.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib.sh

need_root 'make test-vm'
work=${GANTRY_VM:-.cache/vm}
root=$work/root
mkdir -p "$work"

packages=systemd-sysv,udev,dbus,kmod,linux-image-cloud-amd64,crun,conmon,nftables,libnftables1,libatomic1
packages+=,iproute2,golang-github-containers-common,busybox-static,ca-certificates,curl,procps
if [ ! -e "$root/boot" ]; then
  say 'making the machine'
  mmdebstrap --quiet --variant=minbase --include="$packages" bookworm "$root"
fi

install -d "$root/etc/systemd/system/multi-user.target.wants"
DESTDIR=$root PREFIX=/usr/local scripts/install.sh >/dev/null
[ -x .tools/bin/node ] || install -m 755 "$(command -v node)" "$root/usr/local/bin/node"
install -m 755 "$(command -v docker)" "$root/usr/local/bin/docker"
install -m 755 test/vm/inside.sh "$root/opt/inside.sh"
install -m 644 test/vm/inside.service "$root/etc/systemd/system/inside.service"
ln -sfn ../inside.service "$root/etc/systemd/system/multi-user.target.wants/inside.service"
ln -sfn /dev/null "$root/etc/systemd/system/serial-getty@ttyS0.service"

rm -f "$work/disk.img"
truncate -s 3G "$work/disk.img"
mkfs.ext4 -q -d "$root" "$work/disk.img"

say 'booting it'
kernel=$(ls "$root"/boot/vmlinuz-*)
initrd=$(ls "$root"/boot/initrd.img-*)
timeout 900 qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 2048 -nographic -no-reboot \
  -kernel "$kernel" -initrd "$initrd" -drive "file=$work/disk.img,format=raw,if=virtio" \
  -append 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0' </dev/null >"$work/console.log"
grep -aE '^(ok|FAILED|#) ' "$work/console.log" || true
grep -aq '^# all passed' "$work/console.log" || die "see $work/console.log"
