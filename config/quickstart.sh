#!/bin/sh
# Says what is watched and how to provoke an alert, then runs config/quickstart.yaml until Ctrl-C.
cd "$(dirname "$0")/.." || exit 1

audit=/var/log/audit/audit.log
if [ -r "$audit" ]; then
  audit_line="$audit, read as it grows"
elif [ -e "$audit" ]; then
  audit_line="$audit cannot be read by this user (add yourself to auditd's log_group)"
else
  audit_line="$audit is not there (auditd is not installed): nothing to watch"
fi

cat << END

otel-hids quickstart, on this machine alone: nothing is sent anywhere.

It watches
  listening ports     every 3 seconds   rule 533, level 7
  running programs    every 4 seconds   rule 100001, level 5
  logins              every 5 seconds   rule 100002, level 5
  audit log           $audit_line

The first look at each is silent: it is what later ones are compared with. Then, in another terminal:
  node -e 'require("net").createServer().listen(23456, "127.0.0.1")'     opens a port
  sleep 30                                                               runs a program
Alerts appear below within a few seconds. Ctrl-C ends it; state stays in otel-hids-data/quickstart.

END

exec node src/cli/main.ts run --config config/quickstart.yaml --data-dir otel-hids-data/quickstart --allow-writable-config
