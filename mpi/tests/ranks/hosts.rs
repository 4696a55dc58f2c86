//! Two machines, played by two network namespaces of this one: the ranks talk over TCP.

use crate::job::{Job, USUAL, case, has_mpi, not_run};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A network of two namespaces, removed when it is dropped.
struct Network([String; 2]);

const ADDRESSES: [&str; 2] = ["10.213.47.1", "10.213.47.2"];

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output().map_err(|e| format!("ip: {e}"))?;
    let message = || format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim());
    if output.status.success() { Ok(()) } else { Err(message()) }
}

impl Network {
    /// Builds the network, or returns the reason why this machine cannot.
    fn new() -> Result<Self, String> {
        let names = ["a", "b"].map(|name| format!("lexmax{}{name}", std::process::id()));
        let network = Self(names);
        let [a, b] = &network.0;
        ip(&format!("netns add {a}"))?;
        ip(&format!("netns add {b}"))?;
        ip(&format!("-n {a} link add link0 type veth peer name link0 netns {b}"))?;
        for (name, address) in network.0.iter().zip(ADDRESSES) {
            ip(&format!("-n {name} address add {address}/24 dev link0"))?;
            ip(&format!("-n {name} link set link0 up"))?;
            ip(&format!("-n {name} link set lo up"))?;
        }
        Ok(network)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.0.iter().for_each(|name| drop(ip(&format!("netns delete {name}"))));
    }
}

/// Writes a program that the user can run.
fn write(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn two_hosts_talk_over_tcp() {
    if !has_mpi() {
        return;
    }
    let network = match Network::new() {
        Ok(network) => network,
        Err(why) => return not_run(&format!("two network namespaces cannot be had here ({why}); nobody used TCP")),
    };
    let folder = tempfile::tempdir().unwrap();
    // The agent gets the host and the command that starts its daemon. Every host has a name of its own.
    let agent = folder.path().join("agent");
    let [a, b] = &network.0;
    write(&agent, &format!("shift\nexec ip netns exec {b} unshare --uts sh -c \"hostname {b} && $*\""));
    let start = folder.path().join("start");
    write(&start, &format!("exec ip netns exec {a} unshare --uts sh -c \"hostname {a} && exec mpirun $*\""));
    for ranks in [2, 4] {
        let host = |address: &str| format!("{address}:{}", ranks / 2);
        let hosts = ADDRESSES.map(host).join(",");
        let (program, arguments) = case("door");
        let job = Job::new(&start).args(["--host", &hosts, "--mca", "plm_rsh_agent"]).args([&agent]);
        let job = job.args(["--mca", "btl", "tcp,self", "--bind-to", "none", "--oversubscribe"]);
        let job = job.args(["--mca", "btl_tcp_if_include", "link0", "--mca", "oob_tcp_if_include", "link0"]);
        let job = job.args(["-n", &ranks.to_string()]).args([program]).args(arguments);
        job.run(USUAL).with(0).once(&format!("{ranks} ranks hold the door"));
    }
}
