//! What clients call before the firewall, to learn what device it is.

use std::io;
use std::time::Duration;

use actix_web::web::Bytes;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Value, json};

use super::path::Cgi;
use super::schema;
use crate::policies::devices::Device;

/// The type of its answers.
pub(super) const MEDIA_TYPE: &str = "application/json; charset=utf8";

/// The method that needs credentials, of those of basicdeviceinfo.
const ALL_PROPERTIES: &str = "getAllProperties";

/// The release that the device says it has: the first with version 1.1.2 of the firewall API.
const RELEASE: &str = "12.11.0";

/// What it was called with.
#[derive(Debug)]
pub(super) struct Call {
    cgi: Cgi,
    /// The method; none where what was sent is no JSON, or names none.
    method: Option<String>,
    is_json: bool,
}

impl Call {
    /// Reads what was sent.
    pub(super) fn read(cgi: Cgi, body: &Bytes) -> Self {
        let sent = schema::parse(body).ok();
        let method = sent.as_ref().and_then(|sent| sent.get("method")?.as_str().map(str::to_owned));
        Self { cgi, method, is_json: sent.is_some() }
    }

    /// Whether anybody may call it so.
    pub(super) fn is_open(&self) -> bool {
        match self.cgi {
            Cgi::SystemReady => true,
            Cgi::BasicDeviceInfo => self.method.as_deref() != Some(ALL_PROPERTIES),
            Cgi::ApiDiscovery => false,
        }
    }

    /// What it answers.
    pub(super) fn answer(&self, device: &Device, boot: &str, uptime: Duration) -> Bytes {
        let version = match self.cgi {
            Cgi::SystemReady => "1.5",
            Cgi::BasicDeviceInfo => "1.3",
            Cgi::ApiDiscovery => "1.1",
        };
        let error = |code: i32, message: &str| json!({ "apiVersion": version, "method": self.method, "error": { "code": code, "message": message } });
        one_line(&match (self.cgi, self.method.as_deref()) {
            (Cgi::SystemReady, Some(method @ "systemready")) => json!({
                "apiVersion": version,
                "method": method,
                "data": {
                    "systemready": "yes",
                    "needsetup": "no",
                    "uptime": uptime.as_secs().to_string(),
                    "bootid": boot,
                    "passphrasepolicy": "none",
                },
            }),
            (Cgi::BasicDeviceInfo, Some(method @ ("getAllUnrestrictedProperties" | ALL_PROPERTIES))) => {
                json!({ "apiVersion": version, "data": { "propertyList": properties(device, method == ALL_PROPERTIES) } })
            }
            (Cgi::ApiDiscovery, Some(method @ "getApiList")) => json!({
                "method": method,
                "apiVersion": version,
                "data": {
                    "apiList": [{
                        "id": "device-config",
                        "version": "1.0",
                        "name": "Device Config API",
                        "docLink": "/config/discover",
                        "status": "official",
                    }],
                },
            }),
            _ if !self.is_json => error(4000, "Invalid JSON"),
            (_, None) => error(4002, "Required parameter missing or invalid"),
            _ => error(2004, "Method not supported"),
        })
    }
}

fn properties(device: &Device, all: bool) -> Value {
    let mut properties = json!({
        "Brand": "AXIS",
        "BuildDate": "Nov 27 2026 00:00",
        "HardwareID": "0",
        "ProdFullName": "deltawall firewall gateway",
        "ProdNbr": "deltawall",
        "ProdShortName": "deltawall",
        "ProdType": "Firewall Gateway",
        "ProdVariant": "",
        "SerialNumber": device.serial,
        "Version": RELEASE,
        "WebURL": "http://www.axis.com",
    });
    if let Some(properties) = properties.as_object_mut().filter(|_| all) {
        let more =
            [("Architecture", std::env::consts::ARCH), ("Soc", "deltawall"), ("SocSerialNumber", &device.serial)];
        properties.extend(more.map(|(name, value)| (name.to_owned(), json!(value))));
        properties.sort_keys();
    }
    properties
}

/// JSON in one line, with a space behind each comma and colon.
fn one_line(value: &Value) -> Bytes {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Spaced);
    // Nothing can fail that is written to memory.
    let _ = value.serialize(&mut serializer);
    bytes.into()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
