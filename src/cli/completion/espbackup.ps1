# PowerShell completion of espbackup. What may stand at the cursor, `espbackup __complete` says; here words
# are taken from PowerShell and handed back to it.

Register-ArgumentCompleter -Native -CommandName @('espbackup', 'espbackup.exe') -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @()
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $words += $element.Value
        } else {
            $words += $element.Extent.Text
        }
    }
    $typed = "$wordToComplete".TrimStart("'", '"')
    $program = $commandAst.GetCommandName()
    # The = keeps an empty word, which else is dropped.
    $lines = @(& $program __complete described @words = "=$typed" 2>$null)
    if ($lines.Count -eq 0) { return }

    foreach ($line in @($lines | Select-Object -SkipLast 1)) {
        $value, $help = $line -split "`t", 2
        if (-not $help) { $help = $value }
        $text = $value
        if ($value -notmatch '^[\w./:\\=%+-]+$') { $text = "'" + $value.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
    }
    $files, $prefix = $lines[-1] -split ' ', 2
    if ($files -eq ':none') { return }
    foreach ($found in [System.Management.Automation.CompletionCompleters]::CompleteFilename($typed.Substring($prefix.Length))) {
        if ($files -eq ':folders' -and $found.ResultType -ne 'ProviderContainer') { continue }
        [System.Management.Automation.CompletionResult]::new(
            $prefix + $found.CompletionText, $found.ListItemText, $found.ResultType, $found.ToolTip)
    }
}
