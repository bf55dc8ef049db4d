# What scripts/run and its sisters need before they can start: sourced by them, by bash.
#
# `prepare NAME` makes Python's packages of requirements/NAME.txt and the Debian packages of debian-packages.txt be
# there, and sets PYTHON to the interpreter that has them. Once made it is decided in a moment, without any network.
# Only the shared cache is written, $XDG_CACHE_HOME/callcenter or ~/.cache/callcenter; the checkout is not.
#
# Speech recognisers are 400 MB of packages, so only who fetches a model gets them: `prepare_speech`, once, and from then
# on `prepare run` means requirements/speech.txt, for all homes of this user.

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export HOME=${HOME:-~} # a service without one has it from the list of users
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/callcenter
[[ $CACHE == /* ]] || CACHE=$PWD/$CACHE
OLDEST_PYTHON="3, 11"

say() { printf 'callcenter: %s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 2
}

prepare() {
    local name=$1
    shift
    [ "$name" = run ] && [ -e "$CACHE/with-speech" ] && name=speech
    trap 'exit 130' INT
    debian_packages run "$@"
    local base
    base=$(find_python) || stop "Python 3.11 or newer is needed and not found; on Debian 12 or later it is python3"
    environment "$name" "$base"
    trap - INT
    export PYTHONPATH=$CHECKOUT PYTHONPYCACHEPREFIX=$CACHE/pycache
    unset PYTHONDONTWRITEBYTECODE # some machines set it; each start would then compile all its modules anew, for seconds
}

prepare_speech() {
    prepare speech
    : >"$CACHE/with-speech"
}

# The newest-known first only when plain python3 is too old.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < ($OLDEST_PYTHON))" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# The tests of debian-packages.txt.
has_python() { find_python; }
has_asterisk() { [ -x "$CACHE/asterisk-22/root/usr/sbin/asterisk" ] || asterisk -V 2>/dev/null | grep -qE ' 22\.'; }

# Install what is missing for these purposes, after listing it.
debian_packages() {
    local package purpose there why missing=()
    while IFS='|' read -r package purpose there why; do
        package=${package// /} purpose=${purpose// /} there=${there// or / || }
        [[ $package == '' || $package == '#'* || " $* " != *" $purpose "* ]] && continue
        eval "$there" >/dev/null 2>&1 && continue
        ((${#missing[@]})) || say "Debian packages that are missing here:"
        printf '    %-18s%s\n' "$package" "$why" >&2
        missing+=("$package")
    done <"$CHECKOUT/debian-packages.txt"
    ((${#missing[@]})) || return 0

    command -v apt-get >/dev/null ||
        stop "this is no Debian: install what this system calls ${missing[*]} (Python 3.11 or newer), then start again"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || stop "have an administrator run: apt-get install --no-install-recommends ${missing[*]} - then start again"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    say "installing them"
    # lists that could not be renewed may still do; the installing says what cannot be had
    "${as_root[@]}" apt-get -q update >&2 </dev/null || say "apt's lists could not all be renewed"
    "${as_root[@]}" apt-get -q install -y --no-install-recommends "${missing[@]}" >&2 </dev/null ||
        stop "${missing[*]} could not be installed (is there a network?); start again, it goes on from there"
}

# Make the virtual environment of this lock file and this Python, unless it is there. Sets PYTHON.
environment() {
    local name=$1 base=$2 lock=$CHECKOUT/requirements/$1.txt mark folder
    mark=$({ cat "$lock"; "$base" -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null; } | sha256sum)
    folder=$CACHE/venv-$name-${mark:0:16}
    PYTHON=$folder/bin/python
    [ -x "$PYTHON" ] && return

    { mkdir -p "$CACHE" && exec 9>"$CACHE/setup.lock"; } 2>/dev/null ||
        stop "$CACHE cannot be written; set XDG_CACHE_HOME to a folder that can"
    # two starts at once: the second waits, and finds it made
    flock -n 9 || { say "waiting: another start is fetching Python packages" && flock 9; }
    [ -x "$PYTHON" ] || make_environment
    exec 9>&-
}

# Called by `environment`, which holds the lock. Made beside, then renamed: what is there is whole, whenever an earlier
# set-up was cut off.
make_environment() {
    local making log=$CACHE/setup-$name.log
    say "Python packages of requirements/$name.txt, once: into $folder"
    rm -rf "$folder".making*
    # a name of its own: what a killed set-up left running must not write into this one
    { making=$(mktemp -d "$folder.making.XXXXXX") && mkdir "$making/tmp" && : >"$log"; } 2>/dev/null ||
        stop "nothing can be written in $CACHE; make room there, or set XDG_CACHE_HOME to a folder that can be written"
    told "$log" silent "$base" -m venv "$making" || stop_for "$log" "the virtual environment could not be made"
    # --no-deps: a lock file names all there is to be, which is not all that each package asks for
    PIP_CACHE_DIR=$CACHE/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=off PIP_NO_COLOR=1 TMPDIR=$making/tmp told "$log" \
        pip "$making/bin/python" -m pip install --no-input --no-deps --require-hashes --only-binary :all: -r "$lock" ||
        stop_for "$log" "the packages of requirements/$name.txt could not all be fetched"
    rm -rf "$making/tmp"
    chmod 755 "$making"
    mv "$making" "$folder"
}

# Run a long step in a session of its own, which is ended whole when we are told to stop: told LOG HOW COMMAND...
# All it says goes to LOG; HOW `pip` tells every few seconds how far pip is.
told() {
    local log=$1 how=$2 child status=0 began=$SECONDS last=$SECONDS
    shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
    child=$!
    trap 'kill -- "-$child" 2>/dev/null || true; wait "$child" 2>/dev/null || true
        say "stopped in the middle of the set-up; the next start goes on from there"; exit 130' INT TERM HUP
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.2 & # in the background, so that a signal is heeded at once
        wait $! || true
        if [ "$how" = pip ] && ((SECONDS - last >= 3)); then
            last=$SECONDS
            progress "$log" $((SECONDS - began))
        fi
    done
    wait "$child" || status=$?
    trap - TERM HUP
    trap 'exit 130' INT
    return "$status"
}

# How far pip is, from what it says.
progress() {
    local known all
    known=$(grep -c '^Collecting ' "$1" || true) all=$(grep -cE '^[a-z0-9._-]+==' "$lock" || true)
    if grep -q '^Installing collected' "$1"; then
        say "    unpacking them, $2 s"
    elif grep -q '^WARNING: Retrying' "$1"; then
        say "    the package index does not answer, trying again, $2 s"
    else
        say "    fetching: $known of $all, $2 s"
    fi
}

# End with the reason that a step's log shows, in one line: stop_for LOG WHAT
stop_for() {
    local why
    if grep -qE 'No space left on device|Errno 28' "$1" || (($(df -Pk "$CACHE" | awk 'END { print $4 }') < 10000)); then
        why="the disk of $CACHE is full; make room, or set XDG_CACHE_HOME to another folder"
    elif grep -qE 'CERTIFICATE_VERIFY_FAILED' "$1"; then
        why="the package index's certificate is not trusted; see pip's settings (PIP_CERT, PIP_INDEX_URL)"
    elif grep -qE 'NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|ConnectionReset|Connection (refused|broken)' "$1"; then
        why="the package index cannot be reached; is there a network? pip's settings (PIP_INDEX_URL, proxy) hold here"
    else
        why=$(grep -E '^(ERROR|Error)|Error:' "$1" | tail -1 || true)
        why=${why:-"it said: $(tail -1 "$1")"}
    fi
    stop "$2: $why. Start again, it goes on from there; all that was said is in $1"
}
