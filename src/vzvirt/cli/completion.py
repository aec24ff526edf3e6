"""The completion script for bash, printed from the table of commands.

All that is known beforehand stands in the script, so completing starts no Python; only names of
containers, networks and the like are asked for, through ``vzvirt internal complete``.
"""

from __future__ import annotations

from collections.abc import Iterable
from string import Template
from typing import Final

from vzvirt.cli.command import NAMES, Argument, Command
from vzvirt.cli.parser import global_options
from vzvirt.cli.table import COMMANDS

# An offer is one of command.NAMES, "file", "none", or "=" and words. $places has the offer
# for each positional argument; that of the last one ends in "+" if it may be repeated.
_SCRIPT: Final = Template(r"""# bash completion for vzvirt, printed by 'vzvirt completion bash'

_vzvirt_places() {
    case $$1 in
$cases
    esac
}

_vzvirt_value() {
    case $$1 in
$values
        *) return 1 ;;
    esac
}

_vzvirt() {
    local current=$${COMP_WORDS[COMP_CWORD]} command='' option='' options='' offer='' word
    local -a places=() where=() words=()
    local -i given=0
    for word in "$${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $$option ]]; then
            [[ $$option == --root || $$option == --engine ]] && where+=("$$option" "$$word")
            option=''
        elif [[ $$word == -- ]]; then
            return
        elif [[ $$word == -* ]]; then
            offer=''
            _vzvirt_value "$$word" && option=$$word
        elif [[ ! $$command || " $groups " == *" $$command "* ]]; then
            command+=$${command:+ }$$word
        else
            given+=1
        fi
    done
    offer=none
    if [[ $$option ]]; then
        _vzvirt_value "$$option"
    else
        _vzvirt_places "$$command"
        if ((given < $${#places[@]})); then
            offer=$${places[given]%+}
        elif ((given)) && [[ $${places[*]} == *+ ]]; then
            offer=$${places[-1]%+}
        fi
        [[ $$current == -* ]] && offer="=$$options $global_options"
    fi
    case $$offer in
        =*) mapfile -t COMPREPLY < <(compgen -W "$${offer#=}" -- "$$current") ;;
        file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$$current") ;;
        $kinds)
            where=("$${COMP_WORDS[0]}" "$${where[@]}" internal complete "$$offer")
            mapfile -t words < <("$${where[@]}" 2>/dev/null)
            mapfile -t COMPREPLY < <(compgen -W "$${words[*]}" -- "$$current")
            ;;
    esac
}

complete -o default -F _vzvirt vzvirt
""")


def bash_script() -> str:
    """The script."""
    shown = [command for command in COMMANDS if command.group]
    groups = sorted(
        {first for command in shown for first, _, second in [_parts(command)] if second}
    )
    cases = [_case("''", _offer_words(_parts(command)[0] for command in shown), ())]
    for group in groups:
        seconds = [second for first, _, second in map(_parts, shown) if first == group]
        cases.append(_case(f"'{group}'", _offer_words(seconds), ()))
    for command in shown:
        own = [item for item in command.arguments if item.is_option]
        places = [_offer(item) for item in command.arguments if not item.is_option]
        cases.append(_case(f"'{command.name}'", " ".join(places), own))
    options = {
        form: item
        for command in shown
        for item in (*command.arguments, *global_options())
        if item.is_option and not item.is_switch
        for form in (item.name, item.short)
        if form
    }
    return _SCRIPT.substitute(
        cases="\n".join(cases),
        values="\n".join(
            f"        {form}) offer={_offer(item)} ;;" for form, item in options.items()
        ),
        groups=" ".join(groups),
        kinds=" | ".join(NAMES),
        global_options=" ".join(_forms(global_options())),
    )


def _parts(command: Command) -> tuple[str, str, str]:
    return command.name.partition(" ")


def _case(pattern: str, places: str, options: Iterable[Argument]) -> str:
    return f"        {pattern}) places=({places}) options='{' '.join(_forms(options))}' ;;"


def _forms(options: Iterable[Argument]) -> list[str]:
    return [form for item in options for form in (item.short, item.name) if form]


def _offer_words(words: Iterable[str]) -> str:
    return f"'={' '.join(dict.fromkeys(words))}'"


def _offer(item: Argument) -> str:
    if item.values:
        return _offer_words(item.values)
    return (item.completes or "none") + ("+" if item.many and not item.is_option else "")
