//! An nginx server.

use std::process::Command;

use crate::servers::folder::Folder;
use crate::servers::process::{Server, find};

/// One process: stopped, all of it hangs.
pub fn nginx(name: &str, listen: &str) -> Option<(Server, Folder)> {
    let program = find("nginx", "nginx-light")?;
    let folder = Folder::new(name);
    let server = Server::start(|port| {
        let config = folder.text("nginx.conf", &config(port, listen));
        let mut command = Command::new(&program);
        command.arg("-p").arg(&folder.0).arg("-c").arg(config);
        command
    });
    Some((server, folder))
}

fn config(port: u16, listen: &str) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("{of}_temp_path {of};"));
    format!(
        "daemon off; master_process off; pid pid; error_log error.log; events {{}}
         http {{ access_log off; {}
           server {{
             listen 127.0.0.1:{port} {listen};
             location /fine {{ return 200 'fine'; }}
             location /moved {{ return 302 /fine; }}
             location /many {{ return 429; }}
             location /later {{ add_header Retry-After 5 always; return 503; }}
             location /broken {{ return 500; }}
           }} }}",
        temporary.concat()
    )
}
