#!/usr/bin/env bash
# Starts Janus with the configuration beside this script; what differs from place to place comes from the environment.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

: "${JANUS_API_SECRET:?the text in VIDEO_JANUS_SECRET}"
for name in JANUS_API_SECRET JANUS_LISTEN JANUS_PORT JANUS_PUBLIC_ADDRESS JANUS_INTERFACES JANUS_TURN_SERVER \
  JANUS_TURN_PORT JANUS_TURN_USER JANUS_TURN_PASSWORD JANUS_STUN_SERVER JANUS_CERTIFICATE JANUS_KEY; do
  case ${!name-} in *[\"\\]* | *$'\n'*) echo "$name must hold no quotation mark, backslash or line end" >&2; exit 1 ;; esac
done

umask 077
folder=$(mktemp -d "${JANUS_RUN:-${TMPDIR:-/tmp}}/vpr-janus.XXXXXX")
cp "$here"/*.jcfg "$folder"
say() { [ -z "${3-}" ] || printf '%s = "%s"\n' "$2" "$3" >>"$folder/$1"; }
number() { [ -z "${3-}" ] || printf '%s = %d\n' "$2" "$3" >>"$folder/$1"; }
touch "$folder"/{secret,place,listen,rooms}.jcfg

say secret.jcfg api_secret "$JANUS_API_SECRET"
say rooms.jcfg admin_key "$JANUS_API_SECRET"
say listen.jcfg ws_ip "${JANUS_LISTEN:-127.0.0.1}"
number listen.jcfg ws_port "${JANUS_PORT:-8188}"
say place.jcfg nat_1_1_mapping "${JANUS_PUBLIC_ADDRESS-}"
say place.jcfg ice_enforce_list "${JANUS_INTERFACES-}"
say place.jcfg stun_server "${JANUS_STUN_SERVER-}"
[ -z "${JANUS_STUN_SERVER-}" ] || number place.jcfg stun_port "${JANUS_STUN_PORT:-3478}"
say place.jcfg turn_server "${JANUS_TURN_SERVER-}"
[ -z "${JANUS_TURN_SERVER-}" ] || number place.jcfg turn_port "${JANUS_TURN_PORT:-3478}"
say place.jcfg turn_user "${JANUS_TURN_USER-}"
say place.jcfg turn_pwd "${JANUS_TURN_PASSWORD-}"
# DTLS: browsers are told the certificate's fingerprint by us, so the one that Janus makes itself at each start is good.
if [ -n "${JANUS_CERTIFICATE-}" ]; then
  printf 'certificates: {\ncert_pem = "%s"\ncert_key = "%s"\n}\n' "$JANUS_CERTIFICATE" "${JANUS_KEY-}" >>"$folder/janus.jcfg"
fi

libraries=${JANUS_LIBRARIES:-$(dirname "$(find /usr/lib -type d -path '*/janus/plugins' -print -quit)")}
printf 'plugins_folder = "%s/plugins"\ntransports_folder = "%s/transports"\n' "$libraries" "$libraries" >>"$folder/secret.jcfg"
printf 'events_folder = "%s/events"\nloggers_folder = "%s/loggers"\n' "$libraries" "$libraries" >>"$folder/secret.jcfg"

umask "${JANUS_UMASK:-027}" # of what it records: the video service, in the group of that folder, reads it
cd "$folder" # where the files that are included are looked for
exec "${JANUS_PROGRAM:-janus}" --configs-folder="$folder" --config="$folder/janus.jcfg" --disable-colors
