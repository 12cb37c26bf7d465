use tokio_postgres::NoTls;
use world::postgres::{Durability, Server, server};

#[tokio::test]
async fn each_database_is_empty_and_goes_away() {
    let Some(server) = server() else { return };
    let first = server.database().unwrap();
    let second = server.database().unwrap();
    assert_ne!(first.url, second.url);
    for database in [&first, &second] {
        let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        client.batch_execute("CREATE TABLE first (number int)").await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
    }
    let url = first.url.clone();
    drop(first);
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err());
    assert!(tokio_postgres::connect(&second.url, NoTls).await.is_ok());
}

#[tokio::test]
async fn a_private_server_ends_with_its_handle() {
    if server().is_none() {
        return;
    }
    let own = match Server::start(Durability::Full) {
        Ok(own) => own,
        // The shared server came from elsewhere, and this machine has no binaries.
        Err(error) => return eprintln!("no private server: {error:#}"),
    };
    let url = own.url().to_owned();
    assert!(tokio_postgres::connect(&url, NoTls).await.is_ok());
    drop(own);
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err());
}
