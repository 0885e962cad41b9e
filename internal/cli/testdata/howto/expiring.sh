notary certificate issue --name short.example.com --authority 'Example Issuing' --days 5
