select cast(null as varchar) as nom_id where false
