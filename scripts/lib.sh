# Shell functions of the scripts beside this file, which run at the top of the repository.

node_version=26.10.0
PATH="$PWD/.tools/bin:$PATH"

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "run as root: $*"; }

node_arch() {
  case "$(uname -m)" in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) die "Gantry runs on x86_64 and aarch64, not on $(uname -m)" ;;
  esac
}

# True when the program is Node of the major version that Gantry needs, or newer.
is_recent_node() {
  [ -n "$1" ] && [ "$("$1" -p 'process.versions.node.split(".")[0]')" -ge "${node_version%%.*}" ]
}

# is_newer A B: A exists and is not older than B.
is_newer() { [ -e "$1" ] && [ ! "$2" -nt "$1" ]; }

# Once per run, and only when something has to be fetched.
refresh_package_lists() {
  [ -n "${package_lists_are_fresh:-}" ] || apt-get update -qq
  package_lists_are_fresh=yes
}

# unpack_program PACKAGE PATH: one program of a Debian package into .tools/bin, nothing installed.
unpack_program() {
  say "unpacking $(basename "$2") of Debian's $1 into .tools"
  refresh_package_lists
  local folder
  folder=$(mktemp -d)
  (
    cd "$folder"
    apt-get download -qq "$1" >/dev/null 2>&1
    dpkg-deb --fsys-tarfile ./*.deb | tar -x ".$2"
  )
  install -m 755 "$folder$2" ".tools/bin/$(basename "$2")"
  rm -rf "$folder"
}
