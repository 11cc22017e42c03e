#!/bin/sh
# Runs one version, and returns to the version before if it is not healthy within five minutes.
set -eu
version="$1"
run() {
  docker rm --force faceplate >/dev/null 2>&1 || true
  docker run --detach --name faceplate --restart unless-stopped --publish 8000:8000 --env-file /etc/faceplate.env \
    --log-driver awslogs --log-opt awslogs-region=@REGION@ --log-opt awslogs-group=@LOG_GROUP@ "@REPOSITORY@:$1"
}
before=$(cat /etc/faceplate.version 2>/dev/null || true)
aws ecr get-login-password --region @REGION@ | docker login --username AWS --password-stdin "@REGISTRY@"
docker pull "@REPOSITORY@:$version"
umask 077
aws secretsmanager get-secret-value --region @REGION@ --secret-id @SECRET@ --query SecretString --output text |
  jq --raw-output '"DATABASE_URL=\(.url)"' > /etc/faceplate.env
run "$version"
for _ in $(seq 30); do
  if curl --fail --silent --output /dev/null http://localhost:8000/health; then
    echo "$version" > /etc/faceplate.version
    exit 0
  fi
  sleep 10
done
echo "faceplate $version is not healthy; back to the version before: $before" >&2
if [ -n "$before" ]; then run "$before"; fi
exit 1
