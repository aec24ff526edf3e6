# watch.sh FOLDER
#
# Whenever a device of the host comes up, says again for which addresses it answers: the lines of
# FOLDER/*.proxies that end in its name. watching.py starts and ends it.

cd "$1" || exit 1
ip -o monitor link | while read -r _ name flags _; do
    case $flags in
    *[,\<]UP[,\>]*) ;;
    *) continue ;;
    esac
    name=${name%:}
    name=${name%%@*}
    cat -- *.proxies 2> /dev/null | while read -r line; do
        [ "${line##* }" != "$name" ] || echo "$line"
    done | ip -force -batch -
done
