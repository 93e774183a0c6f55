//! The command-line tool as its users run it: a child process, its output, its exit codes, and the
//! servers that it watches.

mod certificate;
mod echo;
#[cfg(unix)]
mod generate;
mod grpc;
mod hang;
#[cfg(target_os = "linux")]
mod hold;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(unix)]
mod http;
#[cfg(unix)]
mod isolation;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod postgres;
#[cfg(unix)]
mod prometheus;
#[cfg(target_os = "linux")]
mod push;
#[cfg(unix)]
mod readiness;
mod record;
#[cfg(unix)]
mod redis;
mod replay;
#[cfg(unix)]
mod replicas;
#[cfg(unix)]
mod service;
#[cfg(unix)]
mod settings;
mod terminal;
mod tool;
#[cfg(unix)]
mod unasked;
#[cfg(unix)]
mod view;
mod watch;
mod watch_fleet;
