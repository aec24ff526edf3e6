# Called by the monitor of a container at four moments of its life (LXC_HOOK_TYPE).
#
#   hook.sh RUN_FOLDER LOG COMMAND...
#
# It notes facts in the run folder, which the engine reads without asking any process, and once
# the container has ended it runs COMMAND. It must stay cheap: a reboot from inside passes
# through here without Python. Names of files are those of runfolder.py.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
run=$1
log=$2
shift 2
cd "$run" || exit 1

reboots_most=10
reboots_seconds=60
log_most=1048576

# One line that names a process for good: pid, and in it the moment it started.
note_process() {
    read -r line < "/proc/$2/stat" || return 1
    echo "$line" > "$1.new" && mv "$1.new" "$1"
}

# Where a group's value has to lie within its parent's: upwards to shrink, downwards to grow.
write_to_groups_below() {
    for order in upwards downwards; do
        write_through $order "${1%/*}" "${1##*/}" "$2"
    done 2> /dev/null
}

# Arguments: order, group, file, value. Nothing else survives the call of itself.
write_through() {
    [ "$1" = upwards ] || echo "$4" > "$2/$3"
    for below in "$2"/*/; do
        [ ! -d "$below" ] || write_through "$1" "${below%/}" "$3" "$4"
    done
    [ "$1" = downwards ] || echo "$4" > "$2/$3"
}

# ?FILE may be missing; *FILE is to be written in all groups below too; ~FILE may refuse the value.
write_limits() {
    while read -r file value; do
        case $file in
        '?'*)
            file=${file#?}
            [ -e "$file" ] || continue
            ;;
        '*'*)
            file=${file#?}
            write_to_groups_below "$file" "$value"
            ;;
        '~'*)
            { echo "$value" > "${file#?}"; } 2> /dev/null
            continue
            ;;
        esac
        if ! echo "$value" > "$file"; then
            echo "the kernel refuses '$value' in '$file'" > failure
            return 1
        fi
    done < limits
}

# Interfaces and the like: the script that booting.py wrote, read with $pid and $boot set.
run_boot_steps() {
    [ -s boot ] || return 0
    pid=$LXC_PID
    boot=first
    [ -e boots ] && boot=later
    . ./boot
}

fail_step() {
    sed -n '/[^ ]/{s/^[ \t]*//;p;q;}' step > failure
    echo "a step of the boot failed: $(tr '\n' ' ' < step)"
    return 1
}

# Version 1 counts in each group by itself, version 2 for all below it.
note_out_of_memory() {
    read -r group < memory-group || return 0
    if [ -e "$group/memory.events" ]; then
        cat "$group/memory.events" > oom
    else
        find "$group" -name memory.oom_control -exec cat {} + > oom
    fi
}

# Whether this is a reboot. liblxc calls one that fails half way a reboot too, but only of an
# init that has run does it say how it ended.
has_run() {
    [ -e init ] && read -r pid rest < init && grep -q "Child <$pid> ended on signal" "$log"
}

may_reboot() {
    has_run || return 1
    [ -e kill ] && return 1
    [ -e no-reboot ] && [ ! -e reboot ] && return 1
    now=$(date +%s)
    first=0
    count=0
    [ -e boots ] && read -r first count < boots
    if [ $((now - first)) -gt $reboots_seconds ]; then
        first=$now
        count=0
    fi
    count=$((count + 1))
    echo "$first $count" > boots
    [ $count -le $reboots_most ] && return 0
    : > reboot-storm
    return 1
}

# Whoever starts the container cleans up himself if it fails; while he lives, that is.
starter_lives() {
    [ -e starting ] && read -r noted < starting || return 1
    read -r now < "/proc/${noted%% *}/stat" || return 1
    [ "$(started_at "$noted")" = "$(started_at "$now")" ]
} 2> /dev/null

# When a process started, from its line in /proc/PID/stat: its name may hold blanks.
started_at() {
    set -- ${1##*) }
    echo "${20}"
}

case $LXC_HOOK_TYPE in
pre-start)
    # Whoever clears away what seems dead, as an abandoned start does until now, holds this lock:
    # he sees the monitor that we note, or we see that he was first.
    exec 9< . && flock 9 && [ . -ef "$run" ] && [ ! -e kill ] && note_process monitor "$PPID"
    ;;
start-host)
    write_limits && run_boot_steps && note_process init "$LXC_PID" && [ ! -e kill ]
    ;;
stop)
    note_out_of_memory
    ;;
post-stop)
    if [ "$LXC_TARGET" = reboot ] && may_reboot; then
        if [ -e reboot ]; then rm -f rebooted; else : > rebooted; fi
        rm -f reboot shutdown paused unpaused init
        [ "$(wc -c < "$log")" -lt $log_most ] || : > "$log"
        exit 0
    fi
    : > ended
    starter_lives || "$@" >> "$log" 2>&1
    # Failing is how a reboot becomes a stop.
    [ "$LXC_TARGET" = stop ]
    ;;
esac
