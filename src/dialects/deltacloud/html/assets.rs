//! What pages load: one stylesheet, one script, one icon. They are part of the program.

/// A file that pages load.
#[derive(Debug)]
pub(in crate::dialects::deltacloud) struct Asset {
    name: &'static str,
    pub(in crate::dialects::deltacloud) content_type: &'static str,
    pub(in crate::dialects::deltacloud) content: &'static str,
}

static ASSETS: [Asset; 3] = [
    Asset { name: "style.css", content_type: "text/css; charset=utf-8", content: include_str!("assets/style.css") },
    Asset {
        name: "script.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("assets/script.js"),
    },
    Asset { name: "icon.svg", content_type: "image/svg+xml", content: include_str!("assets/icon.svg") },
];

/// The media types of these files.
pub(in crate::dialects::deltacloud) fn media_types() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|asset| asset.content_type)
}

/// The file of this name.
pub(in crate::dialects::deltacloud) fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
