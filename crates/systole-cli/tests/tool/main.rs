//! The command-line tool as its users run it: a child process, its output, its exit codes, and the
//! servers that it watches.

mod certificate;
mod echo;
#[cfg(unix)]
mod grpc;
mod hang;
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
mod record;
#[cfg(unix)]
mod redis;
mod replay;
#[cfg(unix)]
mod replicas;
#[cfg(unix)]
mod service;
mod terminal;
mod tool;
#[cfg(unix)]
mod view;
mod watch;
mod watch_fleet;
