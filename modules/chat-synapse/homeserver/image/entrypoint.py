#!/usr/local/bin/python
"""Starts Synapse from a configuration and secrets that come as environment variables.

Each variable is checked and written to the file that the configuration names for it, readable by this user
only; then this process becomes Synapse: the main process, or the worker that SYNAPSE_WORKER_YAML describes. A mistake ends with one line on stderr and one of these codes:

    64  a variable is missing or empty
    65  a variable holds what can't be used
    73  a file or folder can't be written
"""

import contextlib
import os
import platform
import re
import stat
import sys
from typing import Any, NoReturn

import yaml

MISSING, UNUSABLE, NOT_WRITABLE = 64, 65, 73

CONFIG, WORKER, LOG_CONFIG = "SYNAPSE_CONFIG_YAML", "SYNAPSE_WORKER_YAML", "SYNAPSE_LOG_CONFIG_YAML"
REPLICATION_SECRET = "SYNAPSE_REPLICATION_SECRET"
SIGNING_KEY, DATABASE_PASSWORD = "SYNAPSE_SIGNING_KEY", "SYNAPSE_DATABASE_PASSWORD"

# Where the configuration says which file holds the variable.
FILES: dict[str, tuple[str | int, ...]] = {
    LOG_CONFIG: ("log_config",),
    SIGNING_KEY: ("signing_key_path",),
    "SYNAPSE_REGISTRATION_SHARED_SECRET": ("registration_shared_secret_path",),
    "SYNAPSE_MACAROON_SECRET_KEY": ("macaroon_secret_key_path",),
    "SYNAPSE_FORM_SECRET": ("form_secret_path",),
    DATABASE_PASSWORD: ("database", "args", "passfile"),
    "SYNAPSE_OIDC_CLIENT_SECRET": ("oidc_providers", 0, "client_secret_path"),
}
# With workers only: where the configuration names this file.
REPLICATION_SECRET_FILE = ("worker_replication_secret_path",)
MEDIA_STORE = ("media_store_path",)
MEDIA_WORKER = "synapse.app.media_repository"
# The image's own modules, beside this file: the image brings the setting, so that no configuration names what it lacks.
MODULES = ["phenom_requests.Requests", "phenom_names.PublicNames", "phenom_push.MentionsOnly"]
MEDIA_MODULE = "phenom_media.ThumbnailQueue"

# 32 bytes in base64 without padding.
SIGNING_KEY_LINE = re.compile(r"ed25519 [A-Za-z0-9_]+ [A-Za-z0-9+/]{43}")


def fail(code: int, message: str) -> NoReturn:
    print(f"entrypoint: {message}", file=sys.stderr)
    sys.exit(code)


def variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value.strip():
        fail(MISSING, f"the environment variable {name} is missing or empty")
    return value


def yaml_mapping(name: str) -> dict[str, Any]:
    """The mapping that a variable holds. Of broken YAML the place is told, not the text."""
    try:
        value = yaml.safe_load(variable(name))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        fail(UNUSABLE, f"{name} is no YAML: {where}{error.problem}")
    except yaml.YAMLError as error:
        fail(UNUSABLE, f"{name} is no YAML: {str(error).splitlines()[0]}")
    if not isinstance(value, dict):
        fail(UNUSABLE, f"{name} must hold a mapping of settings, and holds a {type(value).__name__}")
    return value


def path_setting(config: dict[str, Any], keys: tuple[str | int, ...]) -> str:
    value: Any = config
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            value = None
            break
    if not isinstance(value, str) or not os.path.isabs(value):
        name = ".".join(str(key) for key in keys)
        fail(UNUSABLE, f"{CONFIG}: the setting {name} must be an absolute path, and is {value!r}")
    return value


def write(path: str, text: str) -> None:
    """Replaces the file: a restart in the same container finds the one before."""
    draft = f"{path}.new"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        fail(NOT_WRITABLE, f"{path} can't be written: {error.strerror}")


def contents(config: dict[str, Any]) -> dict[str, str]:
    """What to write, by path."""
    yaml_mapping(LOG_CONFIG)
    if not SIGNING_KEY_LINE.fullmatch(variable(SIGNING_KEY).strip()):
        fail(UNUSABLE, f"{SIGNING_KEY} must read: ed25519 <key id> <43 characters of base64 without padding>")
    sources = dict(FILES)
    if REPLICATION_SECRET_FILE[0] in config:
        sources[REPLICATION_SECRET] = REPLICATION_SECRET_FILE
    files = {path_setting(config, keys): variable(name).rstrip() + "\n" for name, keys in sources.items()}
    # A line of libpq's password file, for every host, port, database and user.
    password = variable(DATABASE_PASSWORD).rstrip().replace("\\", "\\\\").replace(":", "\\:")
    files[path_setting(config, FILES[DATABASE_PASSWORD])] = f"*:*:*:*:{password}\n"
    return files


def temporary_folder(path: str) -> str:
    """For request bodies that are too long for memory: the root file system is read-only."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        fail(NOT_WRITABLE, f"{path} can't be written: {error.strerror}")
    return path


def main() -> None:
    os.umask(0o077)
    config_path = os.environ.get("SYNAPSE_CONFIG_PATH", "/run/synapse/homeserver.yaml")
    folder = os.path.dirname(config_path)

    config = yaml_mapping(CONFIG)
    files = {**contents(config), config_path: variable(CONFIG)}
    app, config_paths, worker = "synapse.app.homeserver", [config_path], {}
    if WORKER in os.environ:
        worker = yaml_mapping(WORKER)
        app = "synapse.app.generic_worker"
        config_paths.append(os.path.join(folder, "worker.yaml"))
        files[config_paths[-1]] = variable(WORKER)
    media_store = path_setting(config, MEDIA_STORE)
    # Of the workers, only the one for media mounts the media store.
    has_media = worker.get("worker_app") == MEDIA_WORKER if worker else config.get("enable_media_repo") is not False
    modules = [*MODULES, MEDIA_MODULE] if has_media else MODULES
    config_paths.append(os.path.join(folder, "modules.yaml"))
    files[config_paths[-1]] = yaml.safe_dump({"modules": [{"module": name, "config": {}} for name in modules]})
    for path, text in files.items():
        write(path, text)
    temporary = temporary_folder(os.path.join(folder, "tmp"))
    if has_media and not os.access(media_store, os.W_OK | os.X_OK):
        fail(NOT_WRITABLE, f"the media store {media_store} is not there or can't be written by user {os.geteuid()}")

    kept = {*FILES, CONFIG, WORKER, REPLICATION_SECRET}
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    # libpq looks for a client certificate at home and gives up where it may not look, as in root's folder.
    environment["HOME"] = folder
    environment["TMPDIR"] = temporary
    own_folder = os.path.dirname(os.path.realpath(__file__))
    environment["PYTHONPATH"] = own_folder
    # For libpq: the authorities that sign the certificates of RDS.
    environment.setdefault("PGSSLROOTCERT", os.path.join(own_folder, "rds-ca.pem"))
    jemalloc = f"/usr/lib/{platform.machine()}-linux-gnu/libjemalloc.so.2"
    if os.path.isfile(jemalloc):
        environment["LD_PRELOAD"] = jemalloc
    arguments = [argument for path in config_paths for argument in ("--config-path", path)]
    # A command that is given runs in its place: a second Synapse would spoil the database of the first.
    command = sys.argv[1:] or [sys.executable, "-m", app, "--no-secrets-in-config", *arguments]
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        fail(UNUSABLE, f"{command[0]} can't be run by user {os.geteuid()}: {error.strerror}")


main()
