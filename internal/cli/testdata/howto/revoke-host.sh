notary certificate issue --name web.example.com --authority 'Example Issuing'
