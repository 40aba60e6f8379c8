# shellcheck shell=bash
# Completion for agentic-subscriber, agentic-planner and agentic-replay.  What there is to complete it
# reads in their --help, so it cannot fall behind.

# _agentic_help PROGRAM [COMMAND]
_agentic_help() { NO_COLOR=1 "$@" --help 2>/dev/null </dev/null; }

# The options in the help on standard input.
_agentic_options() { sed -nE 's/^  (--?[a-z][a-z-]*).*/\1/p'; }

# _agentic_choices OPTION: what stands as "a|b|c" in its row of the help on standard input, which a long
# cell may have carried into the next line; nothing where it takes no value.
_agentic_choices() {
	sed -nE "/^  $1( |\$)/,/^  -|^\$/p" | sed '1!{/^  -/d;}' |
		grep -oE '(^| )[a-z]+(\|[a-z]+)+( |$)' | head -n 1 | tr -d ' ' | tr '|' '\n' |
		grep -vxE 'true|false'
}

# _agentic_values PROGRAM COMMAND OPTION: the values of OPTION that have names.
_agentic_values() {
	local call=("$1" ${2:+"$2"})

	case $3 in
	--channel) _agentic_help "$1" | sed -nE 's/,//g; s/.*only this channel \((.*) or any other.*/\1/p' ;;
	--since) echo 15m 1h 24h 7d ;;
	--kind) _agentic_help "${call[@]}" | sed -nE '/^kinds/,$s/^  ([a-z]+) .*/\1/p' ;;
	--policy) _agentic_help "${call[@]}" | sed -nE '/^  --policy/{n;s/ or .*//;s/,//g;p;}' ;;
	--set) "${1%replay}planner" --env-example 2>/dev/null | sed -nE 's/^#([A-Z0-9_]+)=.*/\1=/p' ;;
	--*) _agentic_help "${call[@]}" | _agentic_choices "$3" ;;
	esac
}

# _agentic_takes PROGRAM COMMAND OPTION: is what follows it a value?
_agentic_takes() {
	local call=("$1" ${2:+"$2"})

	case $3 in
	--channel | --since | --set | --policy) return 0 ;;
	--help | --version | --check | --healthcheck | --env-example | --simulate | --json | --explain) return 1 ;;
	--*) ! _agentic_help "${call[@]}" | grep -qE "^  $3 .*true\|false" ;;
	*) return 1 ;;
	esac
}

_agentic() {
	local program=${1/#\~\//$HOME/} word=$2 previous=$3 command='' words

	COMPREPLY=()
	case $program in
	*replay)
		command=${COMP_WORDS[1]}
		case $command in
		backtest | simulate | tune | whatif | trace) [ "$COMP_CWORD" -gt 1 ] || command= ;;
		*) command= ;;
		esac
		;;
	esac

	words=$(_agentic_values "$program" "$command" "$previous")
	if [ -n "$words" ]; then
		[ "$previous" != --set ] || compopt -o nospace 2>/dev/null
	elif _agentic_takes "$program" "$command" "$previous"; then
		[ "$previous" != --svg ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	elif [[ $word == -* ]]; then
		case $program in
		*replay) words=$(_agentic_help "$program" "${command:-backtest}" | _agentic_options) ;;
		*) words=$(_agentic_help "$program" | _agentic_options) ;;
		esac
		[ "${program%replay}" = "$program" ] || words="$words --help --version"
	else
		case $program in
		*replay)
			[ "$COMP_CWORD" -gt 1 ] || words='backtest simulate tune whatif trace'
			[ "$command" = trace ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
			;;
		esac
	fi
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o filenames -F _agentic agentic-subscriber agentic-planner agentic-replay
