//! `azfw completions` and `azfw man`: what a shell and a manual reader need, made from the arguments
//! themselves.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::ExitStatus;
use super::failure::Failure;
use crate::source::InputError;

/// Completions for a shell, on standard output
///
/// For bash: azfw completions bash > ~/.local/share/bash-completion/completions/azfw
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    #[arg(value_enum)]
    shell: Shell,
}

/// Manual pages, one a command, into a folder
///
/// Read them with: man FOLDER/azfw.1
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// It is made if it is not there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn completions(
    args: &CompletionsArgs,
    mut command: Command,
) -> Result<ExitStatus, Failure> {
    let name = command.get_name().to_owned();
    // Written to memory first: the generator does not report that its reader has gone.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(ExitStatus::Yes)
}

pub(super) fn pages(args: &ManArgs, mut command: Command) -> Result<ExitStatus, Failure> {
    fs::create_dir_all(&args.folder).map_err(|error| cannot_write(&args.folder, &error))?;
    command.build();
    let commands: Vec<Command> =
        command.get_subcommands().filter(|one| one.get_name() != "help").cloned().collect();
    page(&args.folder, command)?;
    for command in commands {
        page(&args.folder, command)?;
    }
    Ok(ExitStatus::Yes)
}

fn page(folder: &Path, command: Command) -> Result<(), Failure> {
    // That of the whole command, once it is built: `azfw-check`.
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    let mut text = Vec::new();
    Man::new(command).render(&mut text)?;
    fs::write(&path, text).map_err(|error| cannot_write(&path, &error))?;
    Ok(())
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    InputError::new(format!("cannot write `{}`: {error}", path.display())).into()
}
