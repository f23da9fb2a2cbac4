//! `sgleave man`: one page for the whole tool.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::args::Arguments;
use super::exit;
use super::failure::Failure;
use super::output::to_stdout;

pub(super) fn run() -> Result<u8, Failure> {
    let page = page().map_err(|error| Failure::output(format!("cannot make the page: {error}")))?;
    to_stdout(|out| out.write_all(page.as_bytes()))?;
    Ok(exit::CLEAR)
}

/// A section of a manual page and the function of clap_mangen that writes it.
type Section = fn(&Man, &mut dyn io::Write) -> io::Result<()>;

fn page() -> io::Result<String> {
    let mut tool = Arguments::command().after_help(None::<&str>).after_long_help(None::<&str>);
    // Names, usage lines and common options reach the subcommands only when the whole is built.
    tool.build();
    let whole = Man::new(tool.clone()).manual("sgleave manual");
    let opening: [Section; 5] = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    let mut page = render(&whole, &opening)?;
    page.push_str(".SH COMMANDS\n");
    for command in tool.get_subcommands() {
        page.push_str(&command_part(command)?);
    }
    page.push_str(".SH EXIT STATUS\n");
    for (code, meaning) in exit::TABLE {
        page.push_str(&format!(".TP\n\\fB{code}\\fR\n{}\n", meaning.replace('-', "\\-")));
    }
    Ok(page)
}

/// One command as a part of the section of commands: its own sections become paragraphs with a bold head.
fn command_part(command: &Command) -> io::Result<String> {
    let sections: [Section; 4] = [
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
        Man::render_extra_section,
    ];
    let own = command.clone().mut_args(|arg| {
        let common = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(common)
    });
    let text = render(&Man::new(own), &sections)?;
    let mut part = format!(".SS sgleave {}\n", command.get_name());
    for line in text.lines() {
        match line.strip_prefix(".SH ") {
            Some("SYNOPSIS" | "DESCRIPTION") => part.push_str(".PP\n"),
            Some("EXTRA") => part.push_str(".PP\n.nf\n"),
            Some(head) => part.push_str(&format!(".PP\n\\fB{}\\fR\n", head.trim_matches('"'))),
            None => {
                part.push_str(line);
                part.push('\n');
            }
        }
    }
    if part.contains(".nf\n") {
        part.push_str(".fi\n");
    }
    Ok(part)
}

/// Renders sections one after the other. Each brings the same opening definitions, which are wanted once.
fn render(man: &Man, sections: &[Section]) -> io::Result<String> {
    let mut text = Vec::new();
    for section in sections {
        section(man, &mut text)?;
    }
    let mut seen = Vec::new();
    let mut page = String::new();
    for line in String::from_utf8_lossy(&text).lines() {
        let definition = line.starts_with(".ie ") || line.starts_with(".el ");
        if definition && seen.iter().any(|other| other == line) {
            continue;
        }
        if definition {
            seen.push(line.to_owned());
        }
        page.push_str(line);
        page.push('\n');
    }
    Ok(page)
}
