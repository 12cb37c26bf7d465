//! Against a real slapd.

use model::workflow::OnError;
use outbound::{Login, Protocol};
use testkit::contract;
use testkit::lift::{check_round_trip, node};
use testkit::slapd::{ADMIN, BASE, PASSWORD, Server};
use testkit::step::Bench;

use super::*;

#[test]
fn it_keeps_the_contract_and_lowering_undoes_lifting() {
    contract::check(&Directory);
    for parameters in [
        json!({ "operation": "compare", "dn": "cn=a", "id": "sn", "value": "={{ 1 }}" }),
        json!({ "operation": "create", "dn": "cn=a", "attributes": { "attribute": [{ "id": "sn", "value": "b" }] } }),
        json!({ "operation": "update", "dn": "cn=a", "attributes": { "replace": [{ "id": "sn", "value": "b" }] } }),
        json!({ "operation": "search", "baseDN": "dc=x", "searchFor": "custom", "customFilter": "=(&(cn={{ $json.a }})(sn={{ $json.b }}*))",
            "returnAll": true, "options": { "scope": "one", "attributes": "cn,sn" } }),
        json!({ "operation": "search", "searchFor": "(objectclass=person)", "attribute": "cn", "searchText": "a*" }),
    ] {
        check_round_trip(&Directory, 1.0, parameters);
    }
    let lifted = Directory.lift(&node("n8n-nodes-base.ldap", 1.0, json!({ "searchText": "={{ $json.a }}*" }))).unwrap();
    assert_eq!(
        (&lifted.params["searchText"], &lifted.params["filterValues"]),
        (&json!("$1*"), &json!(["={{ $json.a }}"]))
    );
}

struct Place {
    login: Login,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn attempt(&self, on_error: OnError, params: Value, items: Value) -> Result<Value, NodeError> {
        let bench = Bench::new(&Directory, params).unwrap().login(SLOT, self.login.clone()).on_error(on_error);
        let ran = self.runtime.block_on(bench.attempt_async(vec![testkit::step::items(&items)], None))?;
        Ok(ran.json().swap_remove(0))
    }

    #[track_caller]
    fn run(&self, params: Value, items: Value) -> Value {
        self.attempt(OnError::Stop, params, items).unwrap()
    }
}

#[test]
fn entries_are_made_found_changed_and_removed() {
    let server = Server::start().unwrap();
    let mut login = Login::new(Protocol::Ldap, "127.0.0.1", server.port());
    login.user = ADMIN.into();
    login = login.with_secrets([("password".to_owned(), PASSWORD.to_owned())].into());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = Place { login, runtime };

    let create = json!({ "operation": "create", "dn": format!("=cn={{{{ $json.cn }}}},{BASE}"), "attributes": [
        { "id": "objectClass", "value": "inetOrgPerson" }, { "id": "sn", "value": "={{ $json.sn }}" },
        { "id": "mail", "value": "a@x" }, { "id": "mail", "value": "b@x" } ] });
    let people = json!([{ "cn": "ann*", "sn": "Ä (1)" }, { "cn": "ben", "sn": "B" }, { "cn": "ann", "sn": "C" }]);
    let made = place.run(create.clone(), people);
    assert_eq!(made[1], json!({ "dn": format!("cn=ben,{BASE}"), "result": "success" }));
    let search = |filter: &str, values: Value, more: Value| {
        let mut params = json!({ "operation": "search", "baseDN": BASE, "searchFor": "custom", "customFilter": filter,
            "filterValues": values, "returnAll": true, "onlyAttributes": "sn, mail" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        place.run(params, json!([{}]))
    };
    // A value is what it is, and no pattern.
    let found = search("(cn=$1)", json!(["ann*"]), json!({}));
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["sn"], "Ä (1)");
    let mut mails: Vec<&str> = found[0]["mail"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    mails.sort_unstable();
    assert_eq!(mails, ["a@x", "b@x"]);
    let count = |found: Value| found.as_array().unwrap().len();
    assert_eq!(count(search("(cn=ann*)", json!([]), json!({}))), 2);
    assert_eq!(count(search("(objectclass=inetOrgPerson)", json!([]), json!({ "pageSize": 1 }))), 3);
    assert_eq!(
        count(search("(objectclass=*)", json!([]), json!({ "returnAll": false, "limit": 2, "pageSize": 0 }))),
        2
    );
    assert_eq!(count(search("(objectclass=*)", json!([]), json!({ "scope": "base" }))), 1);
    let simple = json!({ "operation": "search", "baseDN": BASE, "searchFor": "(objectclass=person)", "attribute": "sn", "searchText": "B" });
    assert_eq!(place.run(simple, json!([{}]))[0]["dn"], format!("cn=ben,{BASE}"));

    let ben = format!("cn=ben,{BASE}");
    let update = json!({ "operation": "update", "dn": ben, "replace": [{ "id": "sn", "value": "Benson" }],
        "add": [{ "id": "description", "value": "x" }], "delete": [{ "id": "mail", "value": "" }] });
    assert_eq!(place.run(update, json!([{}]))[0]["result"], "success");
    assert_eq!(search("(cn=ben)", json!([]), json!({}))[0], json!({ "dn": ben, "sn": "Benson", "mail": [] }));
    let compare =
        |value: &str| place.run(json!({ "operation": "compare", "dn": ben, "id": "sn", "value": value }), json!([{}]));
    assert_eq!((&compare("Benson")[0]["result"], &compare("x")[0]["result"]), (&json!(true), &json!(false)));
    let moved = format!("cn=benno,{BASE}");
    place.run(json!({ "operation": "rename", "dn": ben, "targetDn": moved }), json!([{}]));
    place.run(json!({ "operation": "delete", "dn": moved }), json!([{}]));
    let gone = place.attempt(OnError::Stop, json!({ "operation": "delete", "dn": moved }), json!([{}])).unwrap_err();
    assert!(gone.to_string().starts_with("No such object"), "{gone}");
    let twice = place
        .attempt(OnError::Continue, create, json!([{ "cn": "ann", "sn": "C" }, { "cn": "new", "sn": "D" }]))
        .unwrap();
    assert!(twice[0]["error"].as_str().unwrap().starts_with("Entry already exists"), "{twice}");
    assert_eq!(twice[1]["result"], "success");

    let wrong = place.login.clone().with_secrets([("password".to_owned(), "wrong".to_owned())].into());
    let place = Place { login: wrong, ..place };
    let refused =
        place.attempt(OnError::Stop, json!({ "operation": "delete", "dn": "cn=x" }), json!([{}])).unwrap_err();
    assert_eq!(refused.problem.code, Code::CredentialRejected, "{refused}");
}
