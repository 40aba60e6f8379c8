# shellcheck shell=sh
# Shell functions that the scripts here share.  Sourced, never run.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
	printf 'error: %s\n' "$1" >&2
	shift
	for line; do printf '       %s\n' "$line" >&2; done
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Administrators' programs, which a user's PATH may lack.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# Run a command as root.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		die "'$1' must run as root, and there is no sudo." "Run this as root, or install sudo."
	fi
}

# Run a command again, once, when it fails: for downloads.
twice() { "$@" || { say "trying once more: $1" && sleep 2 && "$@"; }; }

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when it did not in time.
wait_for() {
	deadline=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

engine_answers() { timeout 5 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# The engine's socket belongs to root and the group docker.  Go on as root where this user is neither.
use_engine_or_sudo() {
	if [ "$(id -u)" = 0 ] || [ -n "${DOCKER_HOST:-}" ] || engine_answers; then return 0; fi
	have sudo || die "only root may use Docker here, and there is no sudo." "Run this as root."
	exec sudo -E "$PWD/scripts/$(basename "$0")" "$@"
}

# compose SECONDS ARGUMENT...: docker compose, v2 or v1, for at most so long.
compose() {
	limit=$1
	shift
	if docker compose version >/dev/null 2>&1; then
		timeout "$limit" docker compose "$@"
	else
		timeout "$limit" docker-compose "$@"
	fi
}
