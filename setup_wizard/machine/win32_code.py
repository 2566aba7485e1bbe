"""Windows' codes for what we ask of services, and what they mean in words."""

from __future__ import annotations

from enum import IntEnum

from setup_wizard.errors import Evidence, KnownError
from setup_wizard.i18n import _


class Win32Code(IntEnum):
    """Codes of winerror.h, without their ERROR_ in front."""

    SUCCESS = 0
    ACCESS_DENIED = 5
    ELEVATION_REQUIRED = 740
    SERVICE_REQUEST_TIMEOUT = 1053
    SERVICE_ALREADY_RUNNING = 1056
    SERVICE_DISABLED = 1058
    SERVICE_DOES_NOT_EXIST = 1060
    SERVICE_LOGON_FAILED = 1069
    CANCELLED = 1223


def refused(name: str, code: int, command: str) -> KnownError:
    """Say why Windows did not do what ``command`` does to a service: a Win32 code in words."""
    evidence: Evidence = {"service": name, "win32": code}
    match code:
        case Win32Code.CANCELLED:
            return KnownError(
                "elevation_declined",
                _("You chose No, so nothing was changed"),
                _(
                    "Windows lets only an administrator change {service}. Press the button again, "
                    "or ask an administrator to run: {command}",
                    service=name,
                    command=command,
                ),
                evidence={**evidence, "needs_admin": True},
            )
        case Win32Code.ACCESS_DENIED | Win32Code.ELEVATION_REQUIRED:
            return KnownError(
                "service_failed",
                _("{service} needs an administrator", service=name),
                _(
                    "Your account has no administrator's rights. Ask IT to run this once: "
                    "{command}. If they also run {automatic}, it starts with Windows and you need "
                    "not ask again.",
                    command=command,
                    automatic=f'sc.exe config "{name}" start= auto',
                ),
                evidence={**evidence, "needs_admin": True},
            )
        case Win32Code.SERVICE_DISABLED:
            return KnownError(
                "service_disabled",
                _("The PostgreSQL service is disabled"),
                _(
                    "The start type of {service} is 'disabled', so nothing can start it. Set it "
                    "to 'automatic' or 'manual' in the list of services, then check again.",
                    service=name,
                ),
                evidence=evidence,
            )
        case Win32Code.SERVICE_DOES_NOT_EXIST:
            return KnownError(
                "service_missing",
                _("There is no {service} on this computer", service=name),
                _("It was there a moment ago: perhaps PostgreSQL was just removed. Check again."),
                evidence=evidence,
            )
        case Win32Code.SERVICE_LOGON_FAILED:
            return KnownError(
                "service_logon_failed",
                _("Windows could not log on the account of {service}", service=name),
                _(
                    "The service runs as an account whose password was changed, or that may not "
                    "run services. Open the list of services, set it to log on as 'Network "
                    "Service', then try again."
                ),
                evidence=evidence,
            )
        case Win32Code.SERVICE_REQUEST_TIMEOUT:
            return KnownError(
                "service_no_answer",
                _("{service} did not answer Windows in time", service=name),
                _(
                    "Try again; if it stays so, a full disk or an antivirus program is the usual "
                    "reason."
                ),
                evidence=evidence,
            )
    return KnownError(
        "service_failed",
        _("{service} did not start", service=name),
        _("Windows answered with code {code}.", code=code),
        evidence=evidence,
    )
