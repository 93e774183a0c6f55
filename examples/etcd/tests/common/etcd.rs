//! An etcd of its own.

use etcd_client::Client;
use systole_testkit::servers::etcd::command;
use systole_testkit::servers::folder::Folder;
use systole_testkit::servers::process::{Server, find};
use systole_testkit::servers::signal::signal;

pub struct Etcd {
    server: Server,
    folder: Folder,
}

impl Etcd {
    /// Nothing where it is not installed. `name` tells its folder from those of other tests.
    pub fn start(name: &str) -> Option<Self> {
        find("etcd", "etcd-server")?;
        let folder = Folder::new(name);
        let server = Server::start(|port| command(&folder, "http", port));
        Some(Self { server, folder })
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    #[allow(dead_code)] // shared: each test uses its part
    pub fn signal(&self, name: &str) {
        signal(self.server.pid(), name);
    }

    /// Another one at the same place that knows nothing.
    #[allow(dead_code)]
    pub fn anew(self) -> Self {
        let Self { server, folder } = self;
        let port = server.port;
        drop(server);
        std::fs::remove_dir_all(folder.file("data")).unwrap();
        let server =
            Server::on(port, &mut command(&folder, "http", port)).expect("its port is free");
        Self { server, folder }
    }

    pub async fn client(&self) -> Client {
        Client::connect([self.endpoint()], None).await.unwrap()
    }

    #[allow(dead_code)]
    pub async fn value_of(&self, key: &str) -> Option<String> {
        let found = self.client().await.get(key, None).await.unwrap();
        found
            .kvs()
            .first()
            .map(|pair| pair.value_str().unwrap().to_owned())
    }
}
