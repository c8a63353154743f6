"""`make demo`: database, example province, web, job worker and sandbox in one foreground process.

Ctrl-C stops everything; nothing is left running. The data stays under `var/` until `make demo-reset`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

from app.config import LOCAL_SETTINGS
from local.catalogues import compile_all
from local.children import Child
from local.postgres import LocalPostgres

ROOT = Path(__file__).parent.parent
VAR = ROOT / "var"
DATABASE = "chophien"


class _Stop(Exception):
    """Somebody asked us to stop."""


def main() -> int:
    """Run the demo until Ctrl-C; the exit code."""
    if "--reset" in sys.argv[1:]:
        return _reset()
    signal.signal(signal.SIGTERM, _raise_stop)
    signal.signal(signal.SIGINT, _raise_stop)
    started = time.monotonic()
    port, sandbox_port = int(os.environ.get("PORT", "8000")), int(os.environ.get("SANDBOX_PORT", "8001"))
    for name, number in (("PORT", port), ("SANDBOX_PORT", sandbox_port)):
        if _is_taken(number):
            print(
                f"Cổng {number} đang bận / in use: chọn cổng khác, ví dụ / for example {name}={number + 100} make demo"
            )
            return 1
    database: LocalPostgres | None = None
    children: list[Child] = []
    try:
        environment, database = _prepare_database(port, sandbox_port)
        _say("Chuẩn bị bảng và dữ liệu mẫu / preparing tables and example data …")
        os.environ.update(environment)
        _note_settings(environment)
        sign_ins = _prepare_data()
        children = _start(environment, port, sandbox_port)
        _say(f"Sẵn sàng sau {time.monotonic() - started:.1f} s / ready")
        print(_welcome(port, sandbox_port, sign_ins), flush=True)
        while True:
            time.sleep(0.5)
            for child in children:
                if child.ended:
                    print(f"{child.name} đã dừng ngoài ý muốn / stopped unexpectedly; xem / see {child.log}")
                    return 1
    except _Stop:
        print("\nĐang dừng / stopping …", flush=True)
        return 0
    except (RuntimeError, ValueError, LookupError) as error:
        print(f"Không khởi động được / could not start: {error}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        LOCAL_SETTINGS.unlink(missing_ok=True)
        for child in reversed(children):
            child.stop()
        if database:
            database.stop()


def _raise_stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stop


def _say(text: str) -> None:
    print(f"· {text}", flush=True)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _prepare_database(port: int, sandbox_port: int) -> tuple[dict[str, str], LocalPostgres | None]:
    environment = dict(os.environ)
    environment |= {
        "APP_ENV": environment.get("APP_ENV", "demo"),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "PLATFORM_URL": f"http://127.0.0.1:{port}",
        "SANDBOX_STATE": str(VAR / "sandbox" / "sandbox.sqlite3"),
        "MEDIA_DIR": environment.get("MEDIA_DIR", str(VAR / "media")),
        "PYTHONUNBUFFERED": "1",
    }
    if environment.get("DATABASE_URL"):
        return environment, None
    _say("Khởi động PostgreSQL trong var/ / starting PostgreSQL under var/ …")
    database = LocalPostgres(VAR / "postgres")
    database.start()
    database.ensure_database(DATABASE)
    environment["DATABASE_URL"] = database.url(DATABASE, "app")
    environment["MIGRATION_DATABASE_URL"] = database.url(DATABASE, "migrator")
    return environment, database


def _note_settings(environment: dict[str, str]) -> None:
    """Let `flask --app wsgi …` and `make totp` beside the running demo find it."""
    names = ("APP_ENV", "DATABASE_URL", "MIGRATION_DATABASE_URL", "PORT", "SANDBOX_PORT", "MEDIA_DIR")
    LOCAL_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    LOCAL_SETTINGS.write_text("".join(f"{name}={environment[name]}\n" for name in names if environment.get(name)))


def _prepare_data() -> list[tuple[str, str]]:
    """Migrate, load areas and (once) the example province; rows of (who, how to sign in)."""
    compile_all()
    from app import create_app
    from local.example import load_example, sign_ins

    os.environ.setdefault("LOG_LEVEL", "WARNING")
    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade

        from app.core.database import db
        from app.households.areas.services import load_reference

        upgrade(directory=str(ROOT / "migrations"))
        load_reference()
        load_example(os.environ.get("DEMO_SCALE", "small"), say=_say)
        rows = sign_ins()
        db.session.remove()
        db.engine.dispose()
    return rows


def _start(environment: dict[str, str], port: int, sandbox_port: int) -> list[Child]:
    logs = VAR / "log"
    gunicorn = [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "--worker-class",
        "gthread",
        "--graceful-timeout",
        "5",
    ]
    web = [*gunicorn, "-w", "2", "--threads", "8", "-b", f"127.0.0.1:{port}", "wsgi:app"]
    play = [*gunicorn, "-w", "1", "--threads", "8", "-b", f"127.0.0.1:{sandbox_port}", "sandbox.wsgi:app"]
    worker = [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "work"]
    _say("Khởi động web, việc nền và ngân hàng chạy thử / starting web, jobs and sandbox …")
    children: list[Child] = []
    try:
        children.append(Child("sandbox", play, environment, logs / "sandbox.log"))
        children.append(Child("web", web, environment, logs / "web.log"))
        children.append(Child("worker", worker, environment, logs / "worker.log"))
        children[0].wait_until_answers(f"http://127.0.0.1:{sandbox_port}/healthz")
        children[1].wait_until_answers(f"http://127.0.0.1:{port}/readyz")
    except BaseException:
        for child in reversed(children):
            child.stop()
        raise
    return children


def _welcome(port: int, sandbox_port: int, sign_ins: list[tuple[str, str]]) -> str:
    width = max(len(who) for who, _how in sign_ins)
    lines = [
        "",
        f"  Chợ Phiên           http://127.0.0.1:{port}",
        f"  Ngân hàng chạy thử  http://127.0.0.1:{sandbox_port}   (tiền giả / play money, tin nhắn / SMS: /tin-nhan)",
        "",
        "  Đăng nhập / sign in (mật khẩu / password: ba-con-cho-phien):",
        *(f"    {who.ljust(width)}  {how}" for who, how in sign_ins),
        "",
        "  Mã xác thực của cán bộ / officers' one-time codes:  make totp PHONE=<số điện thoại>",
        "  Dừng / stop: Ctrl-C.   Xóa dữ liệu mẫu / forget the data: make demo-reset",
        "",
    ]
    return "\n".join(lines)


def _reset() -> int:
    for name in ("postgres", "media", "sandbox", "log", "postgres.log"):
        target = VAR / name
        if name == "postgres":
            LocalPostgres(target).stop_left_over()
        if target.is_dir():
            shutil.rmtree(target)
        elif target.exists():
            target.unlink()
    print("Đã xóa dữ liệu mẫu / the example data is gone.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
