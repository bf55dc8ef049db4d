# A PostgreSQL for one run of the tests, on loopback, in a folder that goes with it: sourced by scripts/test.
#
# `start_postgres` exports CALLCENTER_TEST_POSTGRES; `stop_postgres` ends what it started.

start_postgres() {
    local programs port as=()
    programs=$(find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' | sort -V | tail -1)
    POSTGRES_FOLDER=$(mktemp -d)
    if [ "$(id -u)" = 0 ]; then # it refuses to run as root
        as=(setpriv --reuid=postgres --regid=postgres --init-groups env -C "$POSTGRES_FOLDER")
        chown postgres "$POSTGRES_FOLDER"
    fi
    "${as[@]}" "$programs/initdb" -D "$POSTGRES_FOLDER/data" -U postgres -A trust -E UTF8 --locale C.UTF-8 --no-sync >/dev/null
    port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # what is thrown away need not reach the disk, save where that is to be measured
    "${as[@]}" "$programs/postgres" -D "$POSTGRES_FOLDER/data" -h 127.0.0.1 -p "$port" -k "$POSTGRES_FOLDER" \
        -c fsync="${POSTGRES_FSYNC:-off}" -c max_connections=100 >"$POSTGRES_FOLDER.log" 2>&1 </dev/null &
    POSTGRES_PID=$!
    for _ in $(seq 150); do
        if "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; then
            export CALLCENTER_TEST_POSTGRES=postgresql://postgres@127.0.0.1:$port/postgres
            return
        fi
        kill -0 "$POSTGRES_PID" 2>/dev/null || break
        sleep 0.2
    done
    cat "$POSTGRES_FOLDER.log" >&2
    stop_postgres
    stop "PostgreSQL for the tests did not start; its words are above"
}

stop_postgres() {
    kill -INT "$POSTGRES_PID" 2>/dev/null || true
    wait "$POSTGRES_PID" 2>/dev/null || true
    rm -rf "$POSTGRES_FOLDER" "$POSTGRES_FOLDER.log"
}
