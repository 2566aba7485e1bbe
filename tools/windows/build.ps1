# Build the Windows program on Windows: powershell -File tools/windows/build.ps1
#
# Needs Python 3.13 (64-bit) and NSIS on PATH. Makes dist/ as tools/windows/build does; RELEASE_URL is
# the folder on the web where the files will be, for the winget manifest.
# Signs when a certificate is configured: SIGN_CERTIFICATE is the thumbprint of one in the user's
# store; SIGN_TIMESTAMP the address of a time-stamp server.
$ErrorActionPreference = "Stop"
$PSNativeCommandUseErrorActionPreference = $true
Set-Location "$PSScriptRoot/../.."

function Invoke-Checked([string] $Program, [string[]] $Arguments) {
    & $Program @Arguments
    if ($LASTEXITCODE) { throw "$Program ended with $LASTEXITCODE" }
}

function Add-Signature([string[]] $Files) {
    if (-not $env:SIGN_CERTIFICATE) { return }
    $certificate = Get-Item "Cert:\CurrentUser\My\$env:SIGN_CERTIFICATE"
    foreach ($file in $Files) {
        $signed = Set-AuthenticodeSignature $file $certificate -HashAlgorithm SHA256 `
            -IncludeChain NotRoot -TimestampServer $env:SIGN_TIMESTAMP
        if ($signed.Status -ne "Valid") { throw "$file is not signed: $($signed.StatusMessage)" }
    }
}

if (-not (Test-Path .cache/windows-build)) {
    Invoke-Checked python @("-m", "venv", ".cache/windows-build")
}
$python = ".cache/windows-build/Scripts/python.exe"
Invoke-Checked $python @("-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
    "--only-binary=:all:", "-r", "tools/windows/requirements.txt")

$env:PYTHONHASHSEED = "0"
$env:PYTHONUTF8 = "1"
$env:SOURCE_DATE_EPOCH = git log -1 --format=%ct
if (Test-Path dist) { Remove-Item -Recurse dist }
Invoke-Checked $python @("-m", "PyInstaller", "--noconfirm", "--clean", "build.spec")
Add-Signature dist/SetupWizard.exe, dist/SetupWizard/SetupWizard.exe, `
    dist/SetupWizard/setup-wizard.exe

$version = & $python -c "import setup_wizard; print(setup_wizard.__version__)"
Invoke-Checked makensis @("-V2", "-DVERSION=$version", "tools/windows/installer.nsi")
Add-Signature dist/SetupWizard-Setup.exe
Invoke-Checked $python @("tools/windows/release.py", "$env:RELEASE_URL")
