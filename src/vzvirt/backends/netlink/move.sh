# move.sh PID NAME MAC PERMANENT
#
# Moves a NIC from the namespace that this runs in to that of a process, whatever it is called by
# now, and gives it its name on the host. It is told from others as nics.py does: by its link
# address, or the one it was made with; by its name where no device has either. What was made on
# top of it has the same address, but hangs on no bus, or says what it is on.

found= best=0
while read -r _ name said; do
    name=${name%:}
    device=${name%%@*}
    case " $said " in
    *" link/"*" ${3:-none} brd "* | *" permaddr ${4:-none} "*) rank=4 ;;
    *) rank=0 ;;
    esac
    case "$rank $said $name" in
    4*" parentdev "*) rank=8 ;;
    4*@if*) rank=6 ;;
    4*@*) ;;
    4*) rank=6 ;;
    esac
    [ "$device" != "$2" ] || rank=$((rank + 1))
    [ "$rank" -le "$best" ] || { found=$device best=$rank; }
done << END
$(ip -o -d link show)
END

[ "$found" ] || { echo "device '$2' of the host is no longer in the container" >&2; exit 1; }
ip link set dev "$found" down
exec ip link set dev "$found" netns "$1" name "$2"
