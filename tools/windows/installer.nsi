; SetupWizard-Setup.exe: installs dist/SetupWizard for one user, without an administrator.
;
;   makensis -DVERSION=1.2.3 installer.nsi        from tools/windows, after PyInstaller
;   SetupWizard-Setup.exe /S [/D=C:\folder]       silent; /D comes last and takes no quotes
;
; It writes below the user's own folders and registry alone. Removing it takes away what it wrote,
; and the program's log and memory; it never looks at a project.

Unicode true
!ifdef TARGET
    Target ${TARGET}  ; amd64-unicode where makensis has it, as Debian's: Wine there has no 32 bits
!endif
!include MUI2.nsh
!include FileFunc.nsh

!define NAME "Setup Wizard"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\SetupWizard"
!define IN_FOLDER "Software\Classes\Directory\shell\SetupWizard"
!define ON_FOLDER "Software\Classes\Directory\Background\shell\SetupWizard"

Name "${NAME}"
OutFile "..\..\dist\SetupWizard-Setup.exe"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\SetupWizard"
InstallDirRegKey HKCU "${UNINSTALL}" "InstallLocation"
SetCompressor /SOLID lzma
ManifestDPIAware true
BrandingText "${NAME} ${VERSION}"

VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "${NAME} installer"
VIAddVersionKey "LegalCopyright" "MIT License"

!define MUI_ICON "..\..\assets\icon.ico"
!define MUI_UNICON "..\..\assets\icon.ico"
!define MUI_FINISHPAGE_RUN "$INSTDIR\SetupWizard.exe"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Korean"

LangString OPEN_HERE ${LANG_ENGLISH} "Set up this project"
LangString OPEN_HERE ${LANG_KOREAN} "이 프로젝트 준비하기"
LangString STILL_OPEN ${LANG_ENGLISH} "Please close Setup Wizard first; then this goes on."
LangString STILL_OPEN ${LANG_KOREAN} "먼저 Setup Wizard를 닫아 주세요. 그러면 계속합니다."

; The entry in a folder's context menu. "\." keeps the backslash of C:\ away from the quote.
!macro Offer KEY FOLDER
    WriteRegStr HKCU "${KEY}" "" "$(OPEN_HERE)"
    WriteRegStr HKCU "${KEY}" "Icon" "$INSTDIR\SetupWizard.exe"
    WriteRegStr HKCU "${KEY}\command" "" '"$INSTDIR\SetupWizard.exe" --project "${FOLDER}\."'
!macroend

; Only what is ours, by name: the folder may be one that somebody chose.
!macro RemoveProgram
    again:
        ClearErrors
        Delete "$INSTDIR\SetupWizard.exe"
        Delete "$INSTDIR\setup-wizard.exe"
        IfErrors 0 closed
        MessageBox MB_RETRYCANCEL|MB_ICONINFORMATION "$(STILL_OPEN)" /SD IDCANCEL \
            IDRETRY again
        SetErrorLevel 2
        Quit
    closed:
        RMDir /r "$INSTDIR\_internal"
!macroend

Section
    !insertmacro RemoveProgram
    SetOutPath "$INSTDIR"
    File /r "..\..\dist\SetupWizard\*"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\SetupWizard.exe"
    !insertmacro Offer "${IN_FOLDER}" "%1"
    !insertmacro Offer "${ON_FOLDER}" "%V"

    WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "${NAME}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\SetupWizard.exe"
    WriteRegStr HKCU "${UNINSTALL}" "Publisher" "${NAME}"
    WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0
SectionEnd

Section Uninstall
    !insertmacro RemoveProgram
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"  ; stays if somebody put files of his own there
    RMDir /r "$LOCALAPPDATA\SetupWizard"
    Delete "$SMPROGRAMS\${NAME}.lnk"
    DeleteRegKey HKCU "${IN_FOLDER}"
    DeleteRegKey HKCU "${ON_FOLDER}"
    DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
