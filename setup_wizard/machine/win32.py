"""The calls into Windows. Imported on Windows only."""

from __future__ import annotations

import ctypes
import sys
import winreg
from collections.abc import Callable, Iterator
from ctypes import wintypes
from pathlib import Path
from typing import Final

from setup_wizard.deadline import Deadline
from setup_wizard.machine import ServiceState, StartType
from setup_wizard.machine.win32_code import Win32Code
from setup_wizard.machine.windows import Installation, ServiceEntry

assert sys.platform == "win32"  # what mypy needs to read on

_STATES: Final = {
    "running": ServiceState.RUNNING,
    "stopped": ServiceState.STOPPED,
    "start_pending": ServiceState.STARTING,
    "continue_pending": ServiceState.STARTING,
    "stop_pending": ServiceState.STOPPING,
    "pause_pending": ServiceState.PAUSED,
    "paused": ServiceState.PAUSED,
}  # psutil's names for the numbers of SERVICE_STATUS.dwCurrentState
_START_TYPES: Final = {
    "automatic": StartType.AUTOMATIC,
    "manual": StartType.MANUAL,
    "disabled": StartType.DISABLED,
}  # psutil's names for the numbers of QUERY_SERVICE_CONFIG.dwStartType

_START_TYPE_NUMBERS: Final = {
    StartType.AUTOMATIC: 2,
    StartType.MANUAL: 3,
    StartType.DISABLED: 4,
}  # SERVICE_AUTO_START and the others of winnt.h

# winsvc.h, shellapi.h, winuser.h, objbase.h, winbase.h, winnt.h, accctrl.h
_SC_MANAGER_CONNECT: Final = 0x0001
_SERVICE_START: Final = 0x0010
_SERVICE_CHANGE_CONFIG: Final = 0x0002
_SERVICE_NO_CHANGE: Final = 0xFFFFFFFF
_SEE_MASK_NOCLOSEPROCESS: Final = 0x00000040
_SEE_MASK_NOASYNC: Final = 0x00000100
_SEE_MASK_FLAG_NO_UI: Final = 0x00000400
_SW_HIDE: Final = 0
_COINIT_APARTMENTTHREADED: Final = 0x2
_COINIT_DISABLE_OLE1DDE: Final = 0x4
_WAIT_TIMEOUT: Final = 0x102
_MAX_PATH: Final = 260

_HWND_BROADCAST: Final = 0xFFFF
_WM_SETTINGCHANGE: Final = 0x001A
_SMTO_ABORTIFHUNG: Final = 0x0002
_BROADCAST_MS: Final = 1000  # for each window that does not answer
_WIN_NETWORK_SERVICE_SID: Final = 24
_SECURITY_MAX_SID_SIZE: Final = 68
_SE_FILE_OBJECT: Final = 1
_DACL_SECURITY_INFORMATION: Final = 0x00000004
_TRUSTEE_IS_SID: Final = 0
_FILE_MODIFY: Final = 0x000101BF
"""Read, write, list and delete: what 'Modify' in a folder's rights means at least."""

_USER_ENVIRONMENT: Final = "Environment"
_MACHINE_ENVIRONMENT: Final = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_SCRIPT_HOST: Final = r"Software\Microsoft\Windows Script Host\Settings"
_REGISTRY: Final = r"SOFTWARE\PostgreSQL"


class _ShellExecuteInfo(ctypes.Structure):
    """SHELLEXECUTEINFOW of shellapi.h."""

    _fields_ = (
        ("cbSize", wintypes.DWORD),
        ("fMask", wintypes.ULONG),
        ("hwnd", wintypes.HWND),
        ("lpVerb", wintypes.LPCWSTR),
        ("lpFile", wintypes.LPCWSTR),
        ("lpParameters", wintypes.LPCWSTR),
        ("lpDirectory", wintypes.LPCWSTR),
        ("nShow", ctypes.c_int),
        ("hInstApp", wintypes.HINSTANCE),
        ("lpIDList", wintypes.LPVOID),
        ("lpClass", wintypes.LPCWSTR),
        ("hkeyClass", wintypes.HKEY),
        ("dwHotKey", wintypes.DWORD),
        ("hIcon", wintypes.HANDLE),
        ("hProcess", wintypes.HANDLE),
    )


class _Trustee(ctypes.Structure):
    """TRUSTEE_W of accctrl.h; ``ptstrName`` is a SID here."""

    _fields_ = (
        ("pMultipleTrustee", wintypes.LPVOID),
        ("MultipleTrusteeOperation", ctypes.c_int),
        ("TrusteeForm", ctypes.c_int),
        ("TrusteeType", ctypes.c_int),
        ("ptstrName", wintypes.LPVOID),
    )


_DWORD_PTR = ctypes.c_size_t

_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_ole32 = ctypes.WinDLL("ole32")
_shell32 = ctypes.WinDLL("shell32", use_last_error=True)
_user32 = ctypes.WinDLL("user32", use_last_error=True)

_OpenSCManager = _advapi32.OpenSCManagerW
_OpenSCManager.argtypes = (wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD)
_OpenSCManager.restype = wintypes.SC_HANDLE
_OpenService = _advapi32.OpenServiceW
_OpenService.argtypes = (wintypes.SC_HANDLE, wintypes.LPCWSTR, wintypes.DWORD)
_OpenService.restype = wintypes.SC_HANDLE
_StartService = _advapi32.StartServiceW
_StartService.argtypes = (wintypes.SC_HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.LPCWSTR))
_StartService.restype = wintypes.BOOL
_ChangeServiceConfig = _advapi32.ChangeServiceConfigW
_ChangeServiceConfig.argtypes = (
    wintypes.SC_HANDLE,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
    wintypes.LPDWORD,
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
)
_ChangeServiceConfig.restype = wintypes.BOOL
_CloseServiceHandle = _advapi32.CloseServiceHandle
_CloseServiceHandle.argtypes = (wintypes.SC_HANDLE,)
_CloseServiceHandle.restype = wintypes.BOOL
_WaitForSingleObject = _kernel32.WaitForSingleObject
_WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
_WaitForSingleObject.restype = wintypes.DWORD
_GetExitCodeProcess = _kernel32.GetExitCodeProcess
_GetExitCodeProcess.argtypes = (wintypes.HANDLE, wintypes.LPDWORD)
_GetExitCodeProcess.restype = wintypes.BOOL
_CloseHandle = _kernel32.CloseHandle
_CloseHandle.argtypes = (wintypes.HANDLE,)
_CloseHandle.restype = wintypes.BOOL
_GetSystemDirectory = _kernel32.GetSystemDirectoryW
_GetSystemDirectory.argtypes = (wintypes.LPWSTR, wintypes.UINT)
_GetSystemDirectory.restype = wintypes.UINT
_LocalFree = _kernel32.LocalFree
_LocalFree.argtypes = (wintypes.HLOCAL,)
_LocalFree.restype = wintypes.HLOCAL
_CoInitializeEx = _ole32.CoInitializeEx
_CoInitializeEx.argtypes = (wintypes.LPVOID, wintypes.DWORD)
_CoInitializeEx.restype = ctypes.c_long
_CoUninitialize = _ole32.CoUninitialize
_CoUninitialize.argtypes = ()
_CoUninitialize.restype = None
_ShellExecuteEx = _shell32.ShellExecuteExW
_ShellExecuteEx.argtypes = (ctypes.POINTER(_ShellExecuteInfo),)
_ShellExecuteEx.restype = wintypes.BOOL
_CommandLineToArgv = _shell32.CommandLineToArgvW
_CommandLineToArgv.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(ctypes.c_int))
_CommandLineToArgv.restype = ctypes.POINTER(wintypes.LPWSTR)
_CreateWellKnownSid = _advapi32.CreateWellKnownSid
_CreateWellKnownSid.argtypes = (
    ctypes.c_int,
    wintypes.LPVOID,
    wintypes.LPVOID,
    wintypes.LPDWORD,
)
_CreateWellKnownSid.restype = wintypes.BOOL
_GetNamedSecurityInfo = _advapi32.GetNamedSecurityInfoW
_GetNamedSecurityInfo.argtypes = (
    wintypes.LPCWSTR,
    ctypes.c_int,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.LPVOID),
    ctypes.POINTER(wintypes.LPVOID),
    ctypes.POINTER(wintypes.LPVOID),
    ctypes.POINTER(wintypes.LPVOID),
    ctypes.POINTER(wintypes.LPVOID),
)
_GetNamedSecurityInfo.restype = wintypes.DWORD
_GetEffectiveRights = _advapi32.GetEffectiveRightsFromAclW
_GetEffectiveRights.argtypes = (
    wintypes.LPVOID,
    ctypes.POINTER(_Trustee),
    wintypes.LPDWORD,
)
_GetEffectiveRights.restype = wintypes.DWORD
_SendMessageTimeout = _user32.SendMessageTimeoutW
_SendMessageTimeout.argtypes = (
    wintypes.HWND,
    wintypes.UINT,
    wintypes.WPARAM,
    wintypes.LPCWSTR,
    wintypes.UINT,
    wintypes.UINT,
    ctypes.POINTER(_DWORD_PTR),
)
_SendMessageTimeout.restype = wintypes.LPARAM


class Native:
    """The real Windows; see :class:`setup_wizard.machine.windows.Win32`."""

    def services(self) -> tuple[ServiceEntry, ...]:
        """See Win32."""
        return tuple(_services())

    def state(self, name: str) -> ServiceState | None:
        """See Win32."""
        import psutil

        try:
            return _STATES[psutil.win_service_get(name).status()]
        except psutil.NoSuchProcess:
            return None

    def may_start(self, name: str) -> bool:
        """See Win32."""
        return _with_service(name, _SERVICE_START, lambda _service: True) == Win32Code.SUCCESS

    def start(self, name: str) -> int:
        """See Win32."""
        return _with_service(name, _SERVICE_START, lambda service: _StartService(service, 0, None))

    def set_start_type(self, name: str, start_type: StartType) -> int:
        """See Win32."""
        return _with_service(
            name,
            _SERVICE_CHANGE_CONFIG,
            lambda service: _ChangeServiceConfig(
                *(service, _SERVICE_NO_CHANGE, _START_TYPE_NUMBERS[start_type], _SERVICE_NO_CHANGE),
                *(None, None, None, None, None, None, None),
            ),
        )

    def run_elevated(self, command: str, deadline: Deadline) -> int:
        """See Win32."""
        program, _space, arguments = command.partition(" ")
        # On this thread: ShellExecuteEx may hand its work to a COM object.
        initialized = _CoInitializeEx(None, _COINIT_APARTMENTTHREADED | _COINIT_DISABLE_OLE1DDE)
        try:
            return _run_elevated(_system_program(program), arguments, deadline)
        finally:
            if initialized >= 0:  # S_OK or S_FALSE, each of which wants its end
                _CoUninitialize()

    def start_type(self, name: str) -> StartType | None:
        """See Win32."""
        import psutil

        try:
            return _START_TYPES[psutil.win_service_get(name).start_type()]
        except psutil.NoSuchProcess:
            return None

    def network_service_may_use(self, folder: Path) -> bool | None:
        """See Win32. What groups give it counts as well."""
        rights = _rights_of(_WIN_NETWORK_SERVICE_SID, folder)
        return None if rights is None else rights & _FILE_MODIFY == _FILE_MODIFY

    def user_path(self) -> str | None:
        """See Win32."""
        value = _path(winreg.HKEY_CURRENT_USER, _USER_ENVIRONMENT)
        return value and value[0]

    def machine_path(self) -> str | None:
        """See Win32."""
        value = _path(winreg.HKEY_LOCAL_MACHINE, _MACHINE_ENVIRONMENT)
        return value and value[0]

    def set_user_path(self, path: str | None) -> None:
        """See Win32."""
        known = _path(winreg.HKEY_CURRENT_USER, _USER_ENVIRONMENT)
        kind = known[1] if known else winreg.REG_EXPAND_SZ
        access = winreg.KEY_SET_VALUE
        with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _USER_ENVIRONMENT, access=access) as key:
            if path is not None:
                winreg.SetValueEx(key, "Path", 0, kind, path)
            elif known:
                winreg.DeleteValue(key, "Path")
        answer = _DWORD_PTR()
        _SendMessageTimeout(
            *(_HWND_BROADCAST, _WM_SETTINGCHANGE, 0, "Environment"),
            *(_SMTO_ABORTIFHUNG, _BROADCAST_MS, ctypes.byref(answer)),
        )

    def open_services(self) -> int:
        """See Win32."""
        import os

        try:
            os.startfile(_system_program("services.msc"))  # noqa: S606 - a document, not a program
        except OSError as error:
            return error.winerror or Win32Code.ACCESS_DENIED
        return Win32Code.SUCCESS

    def scripts_off(self) -> bool:
        """See Win32."""
        return any(
            _value(_SCRIPT_HOST, "Enabled", winreg.KEY_READ, root) in {0, "0"}
            for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE)
        )

    def installations(self) -> tuple[Installation, ...]:
        """See Win32."""
        found: dict[Path, Installation] = {}
        for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
            for installation in _installations(view):
                found.setdefault(installation.base, installation)
        return tuple(found.values())


def _services() -> Iterator[ServiceEntry]:
    import psutil  # costs 20 ms

    for service in psutil.win_service_iter():
        try:
            yield ServiceEntry(
                name=service.name(),
                state=_STATES[service.status()],
                start_type=_START_TYPES[service.start_type()],
                command=_arguments(service.binpath()),
                account=service.username() or "",
            )
        except (psutil.Error, OSError):
            continue  # not ours to read, removed just now, or left in halves by an uninstaller


def _arguments(command_line: str) -> tuple[str, ...]:
    """Split as Windows does."""
    if not command_line:
        return ()  # CommandLineToArgvW would name our own program
    count = ctypes.c_int()
    array = _CommandLineToArgv(command_line, ctypes.byref(count))
    if not array:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return tuple(str(array[index]) for index in range(count.value))
    finally:
        _LocalFree(ctypes.cast(array, wintypes.HLOCAL))


def _with_service(name: str, right: int, do: Callable[[int], int]) -> int:
    """Open a service with a right, and do something with its handle; return the Win32 code."""
    manager = _OpenSCManager(None, None, _SC_MANAGER_CONNECT)
    if not manager:
        return ctypes.get_last_error()
    try:
        service = _OpenService(manager, name, right)
        if not service:
            return ctypes.get_last_error()
        try:
            return Win32Code.SUCCESS if do(service) else ctypes.get_last_error()
        finally:
            _CloseServiceHandle(service)
    finally:
        _CloseServiceHandle(manager)


def _system_program(name: str) -> str:
    # Not from the environment, which anybody can set: what it names runs as an administrator.
    folder = ctypes.create_unicode_buffer(_MAX_PATH)
    if not _GetSystemDirectory(folder, _MAX_PATH):
        raise ctypes.WinError(ctypes.get_last_error())
    return rf"{folder.value}\{name}"


def _run_elevated(program: str, arguments: str, deadline: Deadline) -> int:
    """Run a program as an administrator; return its exit code, or why Windows did not run it."""
    request = _ShellExecuteInfo(
        cbSize=ctypes.sizeof(_ShellExecuteInfo),
        fMask=_SEE_MASK_NOCLOSEPROCESS | _SEE_MASK_NOASYNC | _SEE_MASK_FLAG_NO_UI,
        lpVerb="runas",
        lpFile=program,
        lpParameters=arguments,
        nShow=_SW_HIDE,
    )
    with deadline.paused():  # Windows asks the user, and waits
        started = _ShellExecuteEx(ctypes.byref(request))
    if not started:
        return ctypes.get_last_error()
    if not request.hProcess:
        return Win32Code.ACCESS_DENIED
    try:
        step = int(Deadline.STEP * 1000)
        while _WaitForSingleObject(request.hProcess, step) == _WAIT_TIMEOUT:
            deadline.check()
        code = wintypes.DWORD()
        if not _GetExitCodeProcess(request.hProcess, ctypes.byref(code)):
            return ctypes.get_last_error()
        return code.value
    finally:
        _CloseHandle(request.hProcess)


def _installations(view: int) -> Iterator[Installation]:
    access = winreg.KEY_READ | view
    try:
        key = winreg.OpenKey(
            winreg.HKEY_LOCAL_MACHINE, rf"{_REGISTRY}\Installations", access=access
        )
    except OSError:
        return
    with key:
        for index in range(winreg.QueryInfoKey(key)[0]):
            name = winreg.EnumKey(key, index)
            path = rf"{_REGISTRY}\Installations\{name}"
            base = _value(path, "Base Directory", access)
            if not isinstance(base, str):
                continue
            service = str(_value(path, "Service ID", access) or name)
            port = _value(rf"{_REGISTRY}\Services\{service}", "Port", access)
            data = _value(path, "Data Directory", access)
            yield Installation(
                base=Path(base),
                service=service,
                version=str(_value(path, "Version", access) or ""),
                port=port if isinstance(port, int) else None,
                data=Path(data) if isinstance(data, str) and data else None,
            )


def _path(root: int, key_path: str) -> tuple[str, int] | None:
    """Return the text and the type of a PATH in the registry."""
    try:
        with winreg.OpenKey(root, key_path) as key:
            value, kind = winreg.QueryValueEx(key, "Path")
    except OSError:
        return None
    return (value, kind) if isinstance(value, str) else None


def _rights_of(well_known: int, folder: Path) -> int | None:
    """Return an account's access mask for a folder, None where Windows does not tell us."""
    sid = ctypes.create_string_buffer(_SECURITY_MAX_SID_SIZE)
    size = wintypes.DWORD(_SECURITY_MAX_SID_SIZE)
    if not _CreateWellKnownSid(well_known, None, sid, ctypes.byref(size)):
        return None
    acl, descriptor = wintypes.LPVOID(), wintypes.LPVOID()
    if _GetNamedSecurityInfo(
        *(str(folder), _SE_FILE_OBJECT, _DACL_SECURITY_INFORMATION, None, None),
        *(ctypes.byref(acl), None, ctypes.byref(descriptor)),
    ):
        return None
    try:
        if acl.value is None:
            return _FILE_MODIFY  # no list at all: everybody may do everything
        trustee = _Trustee(TrusteeForm=_TRUSTEE_IS_SID, ptstrName=ctypes.cast(sid, wintypes.LPVOID))
        mask = wintypes.DWORD()
        code = _GetEffectiveRights(acl, ctypes.byref(trustee), ctypes.byref(mask))
        return None if code else mask.value
    finally:
        _LocalFree(ctypes.cast(descriptor, wintypes.HLOCAL))


def _value(
    path: str, name: str, access: int, root: int = winreg.HKEY_LOCAL_MACHINE
) -> str | int | None:
    try:
        with winreg.OpenKey(root, path, access=access) as key:
            value = winreg.QueryValueEx(key, name)[0]
    except OSError:
        return None
    return value if isinstance(value, str | int) else None
