# watch.sh FOLDER
#
# Whenever a device of the host comes up on which addresses are answered for (FOLDER/uplinks has
# its name), says again for which: the lines of FOLDER/*.proxies that end in its name. watching.py
# starts and ends it. Each start of a container makes several events of devices that do not
# matter, so nothing but built-in commands may run for those.

cd "$1" || exit 1
ip -o monitor link | while read -r _ name flags _; do
    name=${name%:}
    name=${name%%@*}
    [ -e "uplinks/$name" ] || continue
    case $flags in
    *[,\<]UP[,\>]*) ;;
    *) continue ;;
    esac
    cat -- *.proxies 2> /dev/null | while read -r line; do
        [ "${line##* }" != "$name" ] || echo "$line"
    done | ip -force -batch -
done
