# shellcheck shell=bash disable=SC2034  # the names are read by the scripts that source this
# The lab's paths, and functions that start, find and stop its parts.
#
# A part is one process. It writes its own pid to target/lab/run/<part>.pid
# before it executes the program, so an interrupted lab/up leaves no part
# without a record. A pid alone proves nothing (pids are reused, and
# `cargo clean` deletes target/ under a running lab), so each part carries a
# mark in its environment, and no process without that mark is ever signalled.

LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
LAB=$(dirname "$LAB_SOURCE")/target/lab
RUN=$LAB/run
LOG=$LAB/log
SEED=$LAB/seed
VENV=$LAB/venv
ENGINE=$LAB/engine
PODMAN=$LAB/podman

# task-definitions/ contains these addresses too: change both or neither.
AWS_ADDRESS=127.0.0.1:24566
REGISTRY_ONE=127.0.0.1:25001
REGISTRY_TWO=127.0.0.2:25002
ECR_ADDRESS=127.0.0.3

# Debian's own Python, for which python3-venv is packaged.
PYTHON=/usr/bin/python3
[[ -x $PYTHON ]] || PYTHON=python3

# A user's PATH may lack the folders that contain dockerd.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# The path of a socket has at most 107 bytes and should need no quoting. If a path
# under target/ does not fit, the socket is in a private directory in /run.
run_folder() { # FOLDER LONGEST-SOCKET-IN-IT
    if [[ $1 =~ ^[A-Za-z0-9/._+-]+$ ]] && ((${#1} + ${#2} <= 107)); then
        printf '%s\n' "$1"
    else
        printf '/run/taskpull-lab-%s\n' "$(printf '%s' "${1%/run}" | sha256sum | cut -c1-12)"
    fi
}

# Allows one lab/up or lab/down at a time. The lock ends with the script, because
# parts do not inherit it (see launch).
take_lock() {
    mkdir -p "$RUN" "$LOG"
    exec 9>"$LAB/lock"
    flock --wait 300 9 || die "another lab/up or lab/down has held $LAB/lock for five minutes"
}

mark() { printf 'TASKPULL_LAB_PART=%s/%s' "$LAB" "$1"; }

is_part() { # PID PART
    [[ -n $1 ]] && grep -zqsxF -- "$(mark "$2")" "/proc/$1/environ"
}

# Prints the pid of a running part. Without a record, it looks for the mark
# and skips the part's children, which have inherited it.
part_pid() { # PART
    local pid='' environ parent
    [[ -r $RUN/$1.pid ]] && read -r pid <"$RUN/$1.pid"
    if is_part "$pid" "$1"; then
        printf '%s\n' "$pid"
        return
    fi
    while read -r environ; do
        pid=${environ//[!0-9]/}
        parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
        is_part "$parent" "$1" && continue
        [[ ! -d $RUN ]] || printf '%s\n' "$pid" >"$RUN/$1.pid"
        printf '%s\n' "$pid"
        return
    done < <(grep -lzsxF -- "$(mark "$1")" /proc/[0-9]*/environ)
    return 1
}

# Starts a part in its own session and environment, so that neither Ctrl-C nor
# the caller's AWS, Docker or proxy settings reach it.
launch() { # PART COMMAND...
    local part=$1
    shift
    (
        printf '%s\n' "$BASHPID" >"$RUN/$part.pid"
        exec env -i -C / PATH="$PATH" HOME="$LAB" "$(mark "$part")" setsid "$@"
    ) </dev/null >>"$LOG/$part.log" 2>&1 9>&- &
}

# Waits until a part answers HTTP at HOST:PORT or on a Unix socket.
answers() { # PART ADDRESS PATH SECONDS
    local pid
    pid=$(part_pid "$1" || cat "$RUN/$1.pid") &&
        "$PYTHON" -SE "$LAB_SOURCE/ready.py" "$pid" "$2" "$3" "$4"
}

await() { # PART ADDRESS PATH
    answers "$1" "$2" "$3" 60 && return
    say "$1 did not come up at $2. The end of $LOG/$1.log:"
    tail -n 20 "$LOG/$1.log" >&2
    exit 1
}

# Succeeds if the part runs and answers; a part that runs but does not answer is stopped.
healthy() { # PART ADDRESS PATH
    part_pid "$1" >/dev/null || return 1
    answers "$1" "$2" "$3" 5 && return
    say "$1 runs but does not answer; restarting it"
    stop "$1"
    return 1
}

refuse_stranger() { # PART HOST:PORT
    local host=${2%:*} port=${2#*:} owner=''
    (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null || return 0
    if command -v ss >/dev/null; then
        owner=$(ss -Hltnp "sport = :$port" | grep -om1 'pid=[0-9]*') || owner=''
    fi
    [[ -n $owner ]] && owner=" by $owner ($(tr '\0' ' ' <"/proc/${owner#pid=}/cmdline"))"
    die "port $port on $host, which $1 needs, is in use${owner:- by an unknown process}"
}

# Stops one process and waits until it has ended.
end_pid() { # PID PART GRACE-SECONDS
    local tick
    kill -TERM "$1" 2>/dev/null || return 0
    for ((tick = 0; tick < ($3 + 5) * 20; tick++)); do
        is_part "$1" "$2" || return 0
        ((tick == $3 * 20)) && {
            say "$2 (pid $1) did not stop within $3 s; killing it"
            kill -KILL "$1" 2>/dev/null
        }
        sleep 0.05
    done
    die "$2 (pid $1) could not be stopped"
}

stop() { # PART
    local pid
    if pid=$(part_pid "$1"); then
        end_pid "$pid" "$1" 20
    fi
    rm -f "$RUN/$1.pid"
}

# Stops the processes that a killed part has left behind: container shims, unpackers.
stop_leftovers() { # PART
    local environ
    while read -r environ; do
        end_pid "${environ//[!0-9]/}" "$1" 5
    done < <(grep -lzsxF -- "$(mark "$1")" /proc/[0-9]*/environ)
}
