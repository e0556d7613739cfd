//! The certificate: made at the first start, kept in the data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

/// A certificate chain and its key, as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot keep the certificate in {path}: {source}")]
    Disk { path: String, source: io::Error },
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
}

/// The identity kept in `folder`, or a new self-signed one for this machine's names and addresses.
pub(crate) fn self_signed(folder: &Path, addresses: &[IpAddr]) -> Result<Identity, Error> {
    let disk = |source| Error::Disk { path: folder.display().to_string(), source };
    let (certificate_path, key_path) = (folder.join("certificate.pem"), folder.join("key.pem"));
    if certificate_path.exists() && key_path.exists() {
        let certificate = fs::read_to_string(certificate_path).map_err(disk)?;
        let key = fs::read_to_string(key_path).map_err(disk)?;
        return Ok(Identity { certificate, key });
    }
    let identity = make(addresses)?;
    fs::create_dir_all(folder).map_err(disk)?;
    write_private(&key_path, &identity.key).map_err(disk)?;
    fs::write(certificate_path, &identity.certificate).map_err(disk)?;
    Ok(identity)
}

fn make(addresses: &[IpAddr]) -> Result<Identity, Error> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let names = names.into_iter().chain(addresses.iter().map(IpAddr::to_string));
    let mut params = CertificateParams::new(names.collect::<Vec<_>>())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Hubbub");
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
