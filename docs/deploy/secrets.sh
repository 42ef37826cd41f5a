#!/bin/sh
# Make the secrets that compose.yaml reads, in `secrets/` beside it or in the folder named; what is there stays.
set -eu
folder=${1:-$(dirname "$0")/secrets}
if [ -e "$folder" ]; then
    echo "$folder is there already: nothing was made" >&2
    exit 1
fi
random() {
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'
}
umask 077 # the folder is yours alone; containers, which are other users, get single files of it
mkdir -p "$folder"
umask 022
password=$(random) key=$(random) secret=$(random)
printf '%s\n' "$password" >"$folder/postgres"
printf 'postgresql+psycopg://modellab:%s@postgres/modellab\n' "$password" >"$folder/database"
printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$key" "$secret" >"$folder/s3.env"
printf '{"identities": [{"name": "modellab", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin"]}]}\n' \
    "$key" "$secret" >"$folder/s3.json"
echo "made: $folder"
