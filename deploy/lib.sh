# shellcheck shell=bash
# deploy/lib.sh - what deploy/quickstart and deploy/test share; sourced, never run

# die MESSAGE... - one sentence on standard error, then exit 1
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# packages_missing LIST PURPOSE... - print the packages of LIST that are not installed
#
# Only reads dpkg's database: a few milliseconds when nothing is missing.
packages_missing() {
	local list=$1 purpose package wanted=() installed arch
	shift
	arch=$(dpkg --print-architecture)
	while read -r purpose package _; do
		[[ " $* " == *" ${purpose%"/$arch"} "* ]] && wanted+=("$package")
	done < <(grep -v '^#' "$list")
	# dpkg-query fails when it knows nothing of a package, and still prints the others
	installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" || true; } \
		2>/dev/null | sed -n 's/^installed //p')
	printf '%s\n' "${wanted[@]}" | grep -vxF -e "${installed:--}" || true
}

# as_root COMMAND... - run it as root, through sudo where we are somebody else
as_root() {
	if [[ $(id -u) == 0 ]]; then
		"$@"
	else
		sudo "$@"
	fi
}

# apt_install PACKAGE... - install, without questions; refresh apt's lists only when it must be
apt_install() {
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q)
	local install=("${apt[@]}" install -y --no-install-recommends "$@")

	if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null &&
		as_root "${install[@]}" </dev/null; then
		return
	fi
	# no lists yet, or lists so old that they name files which are gone
	as_root "${apt[@]}" update </dev/null && as_root "${install[@]}" </dev/null
}

# packages_ensure LIST PURPOSE... - install what is missing, or say what is missing and stop
packages_ensure() {
	local missing
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		packages_by_hand "$@"
		return
	fi
	mapfile -t missing < <(packages_missing "$@")
	[[ ${#missing[@]} == 0 ]] && return
	if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
		die "packages are missing and there is no sudo here. As root, run:" \
			"apt-get install ${missing[*]}"
	fi
	printf 'Installing with apt: %s\n' "${missing[*]}" >&2
	apt_install "${missing[@]}" >&2 ||
		die "apt could not install them (its message is above). By hand:" \
			"apt-get install ${missing[*]}"
}

# packages_by_hand LIST PURPOSE... - without apt: go on if the build tools are all there
packages_by_hand() {
	local list=$1 names
	shift
	if command -v cc meson ninja pkg-config >/dev/null &&
		pkg-config --exists libsodium libuv inih jansson; then
		return
	fi
	names=$(grep -E "^($(tr ' ' '|' <<<"$*"))(/\S+)? " "$list" | awk '{ printf " %s", $2 }')
	die "there is no apt here. Install what these Debian packages hold," \
		"then run it again:$names"
}
