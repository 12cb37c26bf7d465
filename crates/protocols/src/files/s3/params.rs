//! What `files.s3` is set up with, and n8n's parameters for it.

use model::workflow::OnUncertain;
use model::{Map, Value};
use part::n8n::{self, Lifted, not_honoured};
use part::{Descriptor, Effect, Group, NodeError, lenient};
use schemars::JsonSchema;
use serde::Deserialize;

/// Headers of a request.
pub(super) type Headers = Vec<(&'static str, String)>;

pub(super) const ABOUT: &Descriptor = &Descriptor {
    id: "files.s3",
    version: 1,
    title: "S3",
    summary: "Buckets and files of an object store with Amazon's S3 protocol",
    group: Group::Action,
    effect: Effect::Effect,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["aws", "amazon", "bucket", "object", "storage", "minio", "upload", "download"],
};

/// What `files.s3` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What it is about.
    #[schemars(title = "Works on", extend("default" = "file"))]
    #[serde(default)]
    resource: Resource,
    /// What is done: a bucket or folder is created and a file downloaded unless it is said.
    #[schemars(
        extend("x-form" = {
            "offered": {
                "resource": {
                    "bucket": ["create", "delete", "getAll", "search"],
                    "file": ["copy", "delete", "download", "getAll", "upload"],
                    "folder": ["create", "delete", "getAll"]
                }
            }
        })
    )]
    #[serde(default)]
    operation: Option<Operation>,
    /// Creating or deleting a bucket: its name.
    #[schemars(
        title = "Name of the bucket",
        extend("x-form" = { "when": { "resource": "bucket", "operation": [null, "create", "delete"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) name: String,
    /// The bucket.
    #[schemars(
        title = "Bucket",
        example = &"invoices",
        extend("x-form" = {
            "when": [
                { "resource": ["file", "folder"], "operation": [null, "create", "delete", "getAll", "download", "upload"] },
                { "resource": "bucket", "operation": "search" }
            ]
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) bucket_name: String,
    /// Listing: all of them.
    #[schemars(title = "All of them", extend("x-form" = { "when": { "operation": ["getAll", "search"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    return_all: bool,
    /// Listing: at most so many.
    #[schemars(
        title = "At most",
        extend("x-form" = { "when": { "operation": ["getAll", "search"], "returnAll": false } })
    )]
    #[serde(default = "hundred", deserialize_with = "lenient::whole")]
    limit: u32,
    /// The file's key in the bucket.
    #[schemars(
        title = "Key of the file",
        example = &"2026/01/invoice.pdf",
        extend("x-form" = { "when": { "resource": "file", "operation": [null, "delete", "download"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) file_key: String,
    /// Deleting a file: the version of it.
    #[schemars(
        title = "Version",
        extend("x-form" = { "when": { "resource": "file", "operation": "delete" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) version_id: String,
    /// The folder's key: what the keys in it begin with.
    #[schemars(
        title = "Key of the folder",
        example = &"2026/",
        extend("x-form" = { "when": { "resource": ["file", "folder"], "operation": ["delete", "getAll"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) folder_key: String,
    /// Creating a folder: its name.
    #[schemars(
        title = "Name of the folder",
        extend("x-form" = { "when": { "resource": "folder", "operation": [null, "create"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) folder_name: String,
    /// Uploading a file or creating a folder: the key of the folder that it goes to.
    #[schemars(
        title = "In the folder",
        example = &"2026/",
        extend("x-form" = {
            "when": { "resource": ["file", "folder"], "operation": [null, "create", "upload"] },
            "more": true
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    parent_folder_key: String,
    /// Uploading: the file's name, unless it keeps its own.
    #[schemars(
        title = "Name of the file",
        extend("x-form" = { "when": { "resource": "file", "operation": "upload" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) file_name: String,
    /// Uploading: a file of the item; otherwise a text.
    #[schemars(
        title = "A file of the item",
        extend("x-form" = { "when": { "resource": "file", "operation": "upload" } })
    )]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub(super) binary_data: bool,
    /// Uploading: the text.
    #[schemars(
        title = "Text",
        extend("x-form" = { "when": { "resource": "file", "operation": "upload", "binaryData": false }, "as": "text" })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) file_content: String,
    /// Name of the file in the item.
    #[schemars(
        title = "Name of the file in the item",
        example = &"data",
        extend("x-form" = {
            "when": { "resource": "file", "operation": [null, "upload", "download"], "binaryData": true }
        })
    )]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    pub(super) binary_property_name: String,
    /// Uploading: tags of the file.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": "upload" }, "more": true }))]
    #[serde(default)]
    tags: Vec<Tag>,
    /// Copying: the file, `/bucket/key`.
    #[schemars(
        title = "From",
        example = &"/bucket/key",
        extend("x-form" = { "when": { "resource": "file", "operation": "copy" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) source_path: String,
    /// Copying: where to, `/bucket/key`.
    #[schemars(
        title = "To",
        example = &"/bucket/key",
        extend("x-form" = { "when": { "resource": "file", "operation": "copy" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    destination_path: String,
    /// Who may do what, such as `publicRead`.
    #[schemars(
        title = "Who may do what",
        example = &"publicRead",
        extend("x-form" = { "when": { "operation": [null, "create", "upload", "copy"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    acl: String,
    /// How it is kept, such as `standardIA` or `glacier`.
    #[schemars(
        example = &"standardIA",
        extend("x-form" = { "when": { "operation": ["upload", "copy", "create"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    storage_class: String,
    /// Whoever asks pays.
    #[schemars(
        title = "Whoever asks pays",
        extend("x-form" = {
            "when": { "operation": [null, "getAll", "search", "download", "upload", "copy", "create", "delete"] },
            "more": true
        })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    requester_pays: bool,
    /// Creating a bucket: with locks on its files.
    #[schemars(
        title = "With locks on its files",
        extend("x-form" = { "when": { "resource": "bucket", "operation": [null, "create"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    bucket_object_lock_enabled: bool,
    /// Creating a bucket: where, unless it is the connection's region.
    #[schemars(extend("x-form" = { "when": { "resource": "bucket", "operation": [null, "create"] }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) region: String,
    /// Searching: what the keys begin with.
    #[schemars(
        title = "Keys begin with",
        extend("x-form" = { "when": { "resource": "bucket", "operation": "search" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    prefix: String,
    /// Searching: keys are grouped up to this sign.
    #[schemars(
        example = &"/",
        extend("x-form" = { "when": { "resource": "bucket", "operation": "search" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    delimiter: String,
    /// Searching with a delimiter: the groups instead of the files.
    #[schemars(extend("x-form" = { "when": { "resource": "bucket", "operation": "search" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    include_common_prefixes: bool,
    /// Searching: `url` for keys as they stand in an address.
    #[schemars(
        example = &"url",
        extend("x-form" = { "when": { "resource": "bucket", "operation": "search" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    encoding_type: String,
    /// Listing: with the owner of each.
    #[schemars(
        title = "With owners",
        extend("x-form" = { "when": { "operation": ["getAll", "search"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) fetch_owner: bool,
    /// Searching: keys after this one.
    #[schemars(
        title = "After the key",
        extend("x-form" = { "when": { "resource": "bucket", "operation": "search" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    start_after: String,
    /// Nobody may delete the file until this is taken away.
    #[schemars(
        title = "Legal hold",
        extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    lock_legal_hold: bool,
    /// `governance` or `compliance`.
    #[schemars(
        example = &"governance",
        extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    lock_mode: String,
    /// Until when nobody may delete the file.
    #[schemars(
        title = "Locked until",
        extend("x-form" = {
            "when": { "resource": "file", "operation": ["upload", "copy"] },
            "as": "moment",
            "more": true
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    lock_retain_until_date: String,
    /// Copying: `copy` or `replace` the metadata.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": "copy" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    metadata_directive: String,
    /// Copying: `copy` or `replace` the tags.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": "copy" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    tagging_directive: String,
    /// `AES256` or `aws:kms`.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    server_side_encryption: String,
    /// Context of the encryption.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    server_side_encryption_context: String,
    /// Key of the encryption in Amazon's key management.
    #[schemars(
        title = "Encryption KMS key",
        extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    encryption_aws_kms_key_id: String,
    /// Algorithm of an encryption with a key of one's own.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    serverside_encryption_customer_algorithm: String,
    /// The key, in base64. It is not journaled; the workflow shows it to everyone who may read it.
    #[schemars(
        extend("x-form" = {
            "when": { "resource": "file", "operation": ["upload", "copy"] },
            "as": "password",
            "more": true
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    serverside_encryption_customer_key: String,
    /// MD5 of the key, in base64.
    #[schemars(extend("x-form" = { "when": { "resource": "file", "operation": ["upload", "copy"] }, "more": true }))]
    #[serde(default, rename = "serversideEncryptionCustomerKeyMD5", deserialize_with = "lenient::text")]
    serverside_encryption_customer_key_md5: String,
}

/// What it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Resource {
    /// Buckets.
    Bucket,
    /// Files.
    #[default]
    File,
    /// Folders: keys that end with `/`.
    Folder,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    /// Makes a bucket or folder.
    Create,
    /// Removes it; a folder with all that is in it.
    Delete,
    /// Lists them.
    GetAll,
    /// Lists the files of a bucket.
    Search,
    /// Copies a file.
    Copy,
    /// Gets a file.
    Download,
    /// Writes a file.
    Upload,
}

/// A tag of a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tag {
    /// Key.
    #[serde(default, deserialize_with = "lenient::text")]
    key: String,
    /// Value.
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
}

fn hundred() -> u32 {
    100
}

fn yes() -> bool {
    true
}

fn data() -> String {
    "data".into()
}

impl Params {
    /// The operation, which its resource must have.
    pub(super) fn act(&self) -> Result<(Resource, Operation), NodeError> {
        use Operation::{Copy, Create, Delete, Download, GetAll, Search, Upload};
        let (usual, all): (_, &[Operation]) = match self.resource {
            Resource::Bucket => (Create, &[Create, Delete, GetAll, Search]),
            Resource::File => (Download, &[Copy, Delete, Download, GetAll, Upload]),
            Resource::Folder => (Create, &[Create, Delete, GetAll]),
        };
        let operation = self.operation.unwrap_or(usual);
        if all.contains(&operation) {
            return Ok((self.resource, operation));
        }
        let why = format!("a {:?} knows no {operation:?}", self.resource).to_lowercase();
        Err(NodeError::parameter("/params/operation", why).permanent())
    }

    /// Most that are listed.
    pub(super) fn most(&self) -> Option<usize> {
        (!self.return_all).then_some(self.limit as usize)
    }

    /// The folder above, with a slash at its end.
    pub(super) fn parent(&self) -> String {
        match self.parent_folder_key.trim_end_matches('/') {
            "" => String::new(),
            parent => format!("{parent}/"),
        }
    }

    /// Bucket and key of a copy.
    pub(super) fn destination(&self) -> Result<(&str, &str), NodeError> {
        let path = self.destination_path.strip_prefix('/').unwrap_or(&self.destination_path);
        path.split_once('/')
            .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
            .ok_or_else(|| NodeError::parameter("/params/destinationPath", "expected `/bucket/key`").permanent())
    }

    pub(super) fn payer(&self) -> Headers {
        if self.requester_pays { vec![("x-amz-request-payer", "requester".into())] } else { Vec::new() }
    }

    pub(super) fn storage(&self) -> Headers {
        filled([("x-amz-storage-class", words(&self.storage_class, '_').to_uppercase())])
    }

    pub(super) fn bucket_headers(&self) -> Headers {
        let mut headers = filled([("x-amz-acl", words(&self.acl, '-'))]);
        if self.bucket_object_lock_enabled {
            headers.push(("x-amz-bucket-object-lock-enabled", "true".into()));
        }
        headers
    }

    pub(super) fn file_headers(&self) -> Headers {
        let mut headers = self.payer();
        headers.extend(self.storage());
        headers.extend(filled([
            ("x-amz-acl", words(&self.acl, '-')),
            ("x-amz-object-lock-legal-hold", if self.lock_legal_hold { "ON".into() } else { String::new() }),
            ("x-amz-object-lock-mode", self.lock_mode.to_uppercase()),
            ("x-amz-object-lock-retain-until-date", self.lock_retain_until_date.clone()),
            ("x-amz-server-side-encryption", self.server_side_encryption.clone()),
            ("x-amz-server-side-encryption-aws-kms-key-id", self.encryption_aws_kms_key_id.clone()),
            ("x-amz-server-side-encryption-context", self.server_side_encryption_context.clone()),
            ("x-amz-server-side-encryption-customer-algorithm", self.serverside_encryption_customer_algorithm.clone()),
            (CUSTOMER_KEY, self.serverside_encryption_customer_key.clone()),
            ("x-amz-server-side-encryption-customer-key-md5", self.serverside_encryption_customer_key_md5.clone()),
        ]));
        headers
    }

    pub(super) fn copy_headers(&self) -> Headers {
        filled([
            ("x-amz-tagging-directive", self.tagging_directive.to_uppercase()),
            ("x-amz-metadata-directive", self.metadata_directive.to_uppercase()),
        ])
    }

    pub(super) fn tagging(&self) -> Headers {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for tag in self.tags.iter().filter(|tag| !tag.key.is_empty()) {
            pairs.append_pair(&tag.key, &tag.value);
        }
        filled([("x-amz-tagging", pairs.finish())])
    }

    /// What a search asks for.
    pub(super) fn search(&self) -> Headers {
        filled([
            ("delimiter", self.delimiter.clone()),
            ("encoding-type", self.encoding_type.clone()),
            ("fetch-owner", if self.fetch_owner { "true".into() } else { String::new() }),
            ("prefix", self.prefix.clone()),
            ("start-after", self.start_after.clone()),
        ])
    }

    /// What a search puts out.
    pub(super) fn searched(&self) -> &'static str {
        if self.include_common_prefixes && !self.delimiter.is_empty() { "CommonPrefixes" } else { "Contents" }
    }

    /// Headers as the journal may see them.
    pub(super) fn shown(&self, headers: &Headers) -> Headers {
        headers.iter().filter(|(name, _)| *name != CUSTOMER_KEY).cloned().collect()
    }
}

/// The one header that is a secret.
const CUSTOMER_KEY: &str = "x-amz-server-side-encryption-customer-key";

fn filled<const N: usize>(headers: [(&'static str, String); N]) -> Headers {
    headers.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// `publicRead` in words with a sign between them. n8n misspells one class of storage.
fn words(name: &str, between: char) -> String {
    if name == "RecudedRedundancy" {
        return format!("reduced{between}redundancy");
    }
    let mut out = String::new();
    let mut small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && small {
            out.push(between);
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Parameters that n8n keeps at the same place for all operations.
const NAMES: n8n::Names = &[
    ("resource", "resource"),
    ("operation", "operation"),
    ("name", "name"),
    ("bucketName", "bucketName"),
    ("returnAll", "returnAll"),
    ("limit", "limit"),
    ("fileKey", "fileKey"),
    ("versionId", "options.versionId"),
    ("folderName", "folderName"),
    ("fileName", "fileName"),
    ("binaryData", "binaryData"),
    ("fileContent", "fileContent"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("tags", "tagsUi.tagsValues"),
    ("sourcePath", "sourcePath"),
    ("destinationPath", "destinationPath"),
];

/// Those among its additional fields.
const ADDITIONAL: &[&str] = &[
    "acl",
    "bucketObjectLockEnabled",
    "delimiter",
    "encodingType",
    "encryptionAwsKmsKeyId",
    "includeCommonPrefixes",
    "lockLegalHold",
    "lockMode",
    "lockRetainUntilDate",
    "metadataDirective",
    "parentFolderKey",
    "prefix",
    "region",
    "requesterPays",
    "serverSideEncryption",
    "serverSideEncryptionContext",
    "serversideEncryptionCustomerAlgorithm",
    "serversideEncryptionCustomerKey",
    "serversideEncryptionCustomerKeyMD5",
    "startAfter",
    "storageClass",
    "taggingDirective",
];

/// Where n8n keeps the two that have several places.
fn places(operation: &str) -> [(&'static str, &'static str); 2] {
    match operation {
        "getAll" => [("fetchOwner", "options.fetchOwner"), ("folderKey", "options.folderKey")],
        _ => [("fetchOwner", "additionalFields.fetchOwner"), ("folderKey", "folderKey")],
    }
}

pub(super) fn lift(node: &n8n::Node, slot: &str) -> Lifted {
    let mut params = n8n::named(node, NAMES);
    for name in ADDITIONAL {
        n8n::copy(node, &format!("additionalFields.{name}"), &mut params, name);
    }
    for (ours, theirs) in places(node.text("operation", "")) {
        n8n::copy(node, theirs, &mut params, ours);
    }
    let credential = if node.node_type.ends_with(".s3") { "s3" } else { "aws" };
    let mut lifted = Lifted { params, slots: [(credential.to_owned(), slot.to_owned())].into(), ..Lifted::default() };
    for name in ["grantFullControl", "grantRead", "grantReadAcp", "grantWrite", "grantWriteAcp"] {
        let parameter = format!("additionalFields.{name}");
        if !matches!(node.param(&parameter), Value::Null | Value::Bool(false)) {
            not_honoured(&mut lifted, &parameter, "names nobody whom it grants something: use `acl`");
        }
    }
    lifted
}

pub(super) fn lower(params: &Map) -> Map {
    let mut lowered = n8n::renamed(params, NAMES);
    for name in ADDITIONAL {
        n8n::put(&mut lowered, &format!("additionalFields.{name}"), params.get(*name).cloned().unwrap_or_default());
    }
    for (ours, theirs) in places(params.get("operation").and_then(Value::as_str).unwrap_or_default()) {
        n8n::put(&mut lowered, theirs, params.get(ours).cloned().unwrap_or_default());
    }
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_the_protocol_has_them() {
        for (name, kebab) in [
            ("authenticatedRead", "authenticated-read"),
            ("Private", "private"),
            ("awsExecRead", "aws-exec-read"),
            ("public-read", "public-read"),
        ] {
            assert_eq!(words(name, '-'), kebab);
        }
        for (name, class) in [
            ("deepArchive", "DEEP_ARCHIVE"),
            ("onezoneIA", "ONEZONE_IA"),
            ("standardIA", "STANDARD_IA"),
            ("intelligentTiering", "INTELLIGENT_TIERING"),
            ("RecudedRedundancy", "REDUCED_REDUNDANCY"),
        ] {
            assert_eq!(words(name, '_').to_uppercase(), class);
        }
    }
}
