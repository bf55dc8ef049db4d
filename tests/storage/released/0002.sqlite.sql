BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE callers (
	number TEXT NOT NULL, 
	first_call BIGINT NOT NULL, 
	last_call BIGINT NOT NULL, 
	CONSTRAINT pk_callers PRIMARY KEY (number)
);
INSERT INTO "callers" VALUES('13800000000',1795492800123456,1795494720123456);
INSERT INTO "callers" VALUES('13800000001',1795492980123456,1795492980123456);
INSERT INTO "callers" VALUES('13800000002',1795493160123456,1795493160123456);
INSERT INTO "callers" VALUES('13800000003',1795493340123456,1795493340123456);
INSERT INTO "callers" VALUES('13800000004',1795493520123456,1795493520123456);
CREATE TABLE calls (
	id TEXT NOT NULL, 
	caller TEXT, 
	state TEXT NOT NULL, 
	outcome TEXT, 
	queue TEXT, 
	seat TEXT, 
	t0 BIGINT NOT NULL, 
	t1 BIGINT, 
	t2 BIGINT, 
	t3 BIGINT, 
	t4 BIGINT, 
	t5 BIGINT, 
	held BOOLEAN NOT NULL, 
	ticket_id TEXT, 
	digits TEXT NOT NULL, 
	recovered BOOLEAN NOT NULL, 
	last_at BIGINT NOT NULL, 
	recording_path TEXT, notes_state TEXT, gaps TEXT DEFAULT '[]' NOT NULL, secrets TEXT DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_calls PRIMARY KEY (id)
);
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000001','13800000000','ended','answered','hotline','8001',1795492800123456,1795492800323456,1795492801123456,1795492801223456,1795492804123456,1795492860123456,0,NULL,'[]',0,1795492870123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000001.raw','later','[{"side": "caller", "leg_id": "caller-leg", "start": 4.0, "end": 9.5}]','[[1795492860123456, 1795492863123456]]');
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000002','13800000001','ended','answered','hotline','8002',1795492980123456,1795492980323456,1795492981123456,1795492981223456,1795492984123456,1795493040123456,0,NULL,'[]',0,1795493050123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000002.raw','later','[{"side": "caller", "leg_id": "caller-leg", "start": 4.0, "end": 9.5}]','[[1795493040123456, 1795493043123456]]');
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000003','13800000002','ended','answered','hotline','8001',1795493160123456,1795493160323456,1795493161123456,1795493161223456,1795493164123456,1795493220123456,0,NULL,'[]',0,1795493230123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000003.raw','later','[{"side": "caller", "leg_id": "caller-leg", "start": 4.0, "end": 9.5}]','[[1795493220123456, 1795493223123456]]');
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000004','13800000003','ended','answered','hotline','8002',1795493340123456,1795493340323456,1795493341123456,1795493341223456,1795493344123456,1795493400123456,0,NULL,'[]',0,1795493410123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000004.raw','later','[{"side": "caller", "leg_id": "caller-leg", "start": 4.0, "end": 9.5}]','[[1795493400123456, 1795493403123456]]');
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000005','13800000004','ended','answered','hotline','8001',1795493520123456,1795493520323456,1795493521123456,1795493521223456,1795493524123456,1795493580123456,0,NULL,'[]',0,1795493590123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000005.raw','later','[{"side": "caller", "leg_id": "caller-leg", "start": 4.0, "end": 9.5}]','[[1795493580123456, 1795493583123456]]');
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000006',NULL,'ended','abandoned_queue','hotline',NULL,1795494600123456,1795494600423456,1795494603123456,NULL,NULL,1795494620123456,0,NULL,'[]',0,1795494620123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000006.raw',NULL,'[]','[]');
INSERT INTO "calls" VALUES('5f0c3e0e-0000-4000-8000-000000000007','13800000000','talking',NULL,'hotline','8001',1795494720123456,1795494720323456,1795494721123456,1795494721223456,1795494724123456,NULL,0,NULL,'[]',0,1795494724123456,'/incoming/5f0c3e0e-0000-4000-8000-000000000007.raw',NULL,'[]','[]');
CREATE TABLE journal (
	seq INTEGER NOT NULL, 
	time BIGINT NOT NULL, 
	call_id TEXT, 
	kind TEXT NOT NULL, 
	data TEXT NOT NULL, 
	recovered BOOLEAN NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (seq)
);
INSERT INTO "journal" VALUES(1,1795492800123456,NULL,'seat.changed','{"seat":{"call_id":null,"extension":"8001","idle_since":"2026-11-24T04:00:00.123456+00:00","missed":1,"operator":"\u674e\u82b3","phone":"registered","reason":null,"since":"2026-11-24T04:00:00.123456+00:00","state":"ready"}}',0,'','ba21f7de8f7b222b6508f753ce109159d868aa5b2efa925e8ce1ebcee0a694b1');
INSERT INTO "journal" VALUES(2,1795492800123456,NULL,'seat.changed','{"seat":{"call_id":null,"extension":"8002","idle_since":"2026-11-24T04:00:00.123456+00:00","missed":1,"operator":"\u674e\u82b3","phone":"registered","reason":null,"since":"2026-11-24T04:00:00.123456+00:00","state":"ready"}}',0,'ba21f7de8f7b222b6508f753ce109159d868aa5b2efa925e8ce1ebcee0a694b1','a98e6e97744a95063e2122cd114c8f784e380630f7b2f00bfd21d19bff479775');
INSERT INTO "journal" VALUES(3,1795492800123456,'5f0c3e0e-0000-4000-8000-000000000001','call.arrived','{"caller":"13800000000","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000001.raw"}',0,'a98e6e97744a95063e2122cd114c8f784e380630f7b2f00bfd21d19bff479775','b6c094ee77851ee1d94835ffb2ab982964e6014d54f0cc3cd90c491475d1cb20');
INSERT INTO "journal" VALUES(4,1795492800323456,'5f0c3e0e-0000-4000-8000-000000000001','call.voice','{}',0,'b6c094ee77851ee1d94835ffb2ab982964e6014d54f0cc3cd90c491475d1cb20','d51a9629619ede15742c39ac41ce68de79400558dece5653c4ae897362b070fc');
INSERT INTO "journal" VALUES(5,1795492800323456,'5f0c3e0e-0000-4000-8000-000000000001','recording.changed','{"recording":{"seconds":null,"started":"2026-11-24T04:00:00.323456+00:00","state":"recording"}}',0,'d51a9629619ede15742c39ac41ce68de79400558dece5653c4ae897362b070fc','0f216acd36a2a6c9ba329a7787d2561a8f9324fde344e537b49b7c7323a0a563');
INSERT INTO "journal" VALUES(6,1795492801123456,'5f0c3e0e-0000-4000-8000-000000000001','call.queued','{"queue":"hotline"}',0,'0f216acd36a2a6c9ba329a7787d2561a8f9324fde344e537b49b7c7323a0a563','86c48567a308e7212203ab88b095450119346faf7a8900256dbeae62c6c52a62');
INSERT INTO "journal" VALUES(7,1795492801123456,'5f0c3e0e-0000-4000-8000-000000000001','call.offered','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000001-seat","seat":"8001"}',0,'86c48567a308e7212203ab88b095450119346faf7a8900256dbeae62c6c52a62','57183e1ada73955a1a136376dddf71405d8642e9193c1959e5ad07013c29edb4');
INSERT INTO "journal" VALUES(8,1795492801123456,'5f0c3e0e-0000-4000-8000-000000000001','leg.changed','{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000001-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:00:00.123456+00:00","state":"dialing"}}',0,'57183e1ada73955a1a136376dddf71405d8642e9193c1959e5ad07013c29edb4','80aa945d54afc98fde954804e56439a6720673c984e7dad0cecd25b58f841ac2');
INSERT INTO "journal" VALUES(9,1795492801223456,'5f0c3e0e-0000-4000-8000-000000000001','call.ringing','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000001-seat","seat":"8001"}',0,'80aa945d54afc98fde954804e56439a6720673c984e7dad0cecd25b58f841ac2','8f7cca8928a83bc346463a5854907f96850105bf30bdb66ca958b293668b7bd2');
INSERT INTO "journal" VALUES(10,1795492804123456,'5f0c3e0e-0000-4000-8000-000000000001','call.talking','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000001-seat","seat":"8001"}',0,'8f7cca8928a83bc346463a5854907f96850105bf30bdb66ca958b293668b7bd2','a95a6de26820b341343fd62e5390cc96d335eab7a5bb55df8e4476a9c4ecf56d');
INSERT INTO "journal" VALUES(11,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','leg.changed','{"leg":{"answered":"2026-11-24T04:00:04.123456+00:00","ended":"2026-11-24T04:01:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000001-seat","joined":"2026-11-24T04:00:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8001","started":"2026-11-24T04:00:00.123456+00:00","state":"ended"}}',0,'a95a6de26820b341343fd62e5390cc96d335eab7a5bb55df8e4476a9c4ecf56d','5b8ec2a332409233f1fc6b680300ceb124ede11056a2be4349be3ba9ff0f93c5');
INSERT INTO "journal" VALUES(12,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','call.ended','{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}',0,'5b8ec2a332409233f1fc6b680300ceb124ede11056a2be4349be3ba9ff0f93c5','794db89a99de3fbebed83b405e415835b2571e144444b5a65fbff608bc9dc1d7');
INSERT INTO "journal" VALUES(13,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','utterance.final','{"utterance":{"confidence":0.8,"end":1.5,"final":true,"heard":null,"id":"u0","leg_id":"caller-leg","live":true,"side":"caller","start":0.0,"text":"\u505c\u6c34\u4e86"}}',0,'794db89a99de3fbebed83b405e415835b2571e144444b5a65fbff608bc9dc1d7','813da34548e1bc178514997d9299934bb4723bc0dfe87b42bb490d69acc7db6e');
INSERT INTO "journal" VALUES(14,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','utterance.final','{"utterance":{"confidence":0.8,"end":3.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u1","leg_id":"seat-leg","live":true,"side":"seat","start":2.0,"text":"\u505c\u6c34\u4e86"}}',0,'813da34548e1bc178514997d9299934bb4723bc0dfe87b42bb490d69acc7db6e','ffc8bd9280b61b606ba01ad0404a7b99b6ca1b112a8e007f16828f57d22c331a');
INSERT INTO "journal" VALUES(15,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','utterance.final','{"utterance":{"confidence":0.8,"end":5.5,"final":true,"heard":null,"id":"u2","leg_id":"caller-leg","live":true,"side":"caller","start":4.0,"text":"\u505c\u6c34\u4e86"}}',0,'ffc8bd9280b61b606ba01ad0404a7b99b6ca1b112a8e007f16828f57d22c331a','65784fc4e3ddfaba1ed8d8c2156e829a5a52fb22dc866adc509439824d659140');
INSERT INTO "journal" VALUES(16,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','utterance.final','{"utterance":{"confidence":0.8,"end":7.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u3","leg_id":"seat-leg","live":true,"side":"seat","start":6.0,"text":"\u505c\u6c34\u4e86"}}',0,'65784fc4e3ddfaba1ed8d8c2156e829a5a52fb22dc866adc509439824d659140','6bf92cd58b71965e90acb34f32d03e64423fc5e7550388c95d8eebe0e50e9e85');
INSERT INTO "journal" VALUES(17,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','secret.changed','{"on":true}',0,'6bf92cd58b71965e90acb34f32d03e64423fc5e7550388c95d8eebe0e50e9e85','dc4161051c052c336531529bb400bf1aea7d7bee2c673f59ec2f1a6a262a2130');
INSERT INTO "journal" VALUES(18,1795492863123456,'5f0c3e0e-0000-4000-8000-000000000001','secret.changed','{"on":false}',0,'dc4161051c052c336531529bb400bf1aea7d7bee2c673f59ec2f1a6a262a2130','b4a958c38639004d95246d36c7e794b1ac3f2b8a5db013212d98a152dfe1ef46');
INSERT INTO "journal" VALUES(19,1795492860123456,'5f0c3e0e-0000-4000-8000-000000000001','notes.changed','{"notes":{"gaps":[{"end":9.5,"leg_id":"caller-leg","side":"caller","start":4.0}],"state":"later"}}',0,'b4a958c38639004d95246d36c7e794b1ac3f2b8a5db013212d98a152dfe1ef46','51a1d595a6f9bb297d299d54ec73a9f05b76c8f262b7597ce4600634a5d3eee9');
INSERT INTO "journal" VALUES(20,1795492870123456,'5f0c3e0e-0000-4000-8000-000000000001','recording.changed','{"recording":{"seconds":59.8,"started":"2026-11-24T04:00:00.323456+00:00","state":"kept"}}',0,'51a1d595a6f9bb297d299d54ec73a9f05b76c8f262b7597ce4600634a5d3eee9','f20b80b64f31318e954fc6657f8d30e4dd8bbe0def36e908cd3d28f907a5aeb5');
INSERT INTO "journal" VALUES(21,1795492980123456,'5f0c3e0e-0000-4000-8000-000000000002','call.arrived','{"caller":"13800000001","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000002.raw"}',0,'f20b80b64f31318e954fc6657f8d30e4dd8bbe0def36e908cd3d28f907a5aeb5','6768cbd0cecb13c0f67080a26bdb980b3a0bfddc607147ebfd0acb3498dc998f');
INSERT INTO "journal" VALUES(22,1795492980323456,'5f0c3e0e-0000-4000-8000-000000000002','call.voice','{}',0,'6768cbd0cecb13c0f67080a26bdb980b3a0bfddc607147ebfd0acb3498dc998f','7df7cf21a0a00bae218bdd3b2da426fb3e6f453148e83dd74b970bfa4501c28a');
INSERT INTO "journal" VALUES(23,1795492980323456,'5f0c3e0e-0000-4000-8000-000000000002','recording.changed','{"recording":{"seconds":null,"started":"2026-11-24T04:03:00.323456+00:00","state":"recording"}}',0,'7df7cf21a0a00bae218bdd3b2da426fb3e6f453148e83dd74b970bfa4501c28a','efe3eabf95a97c86332d671f4c44782474a79d31b380b6b65741930cc3c3653e');
INSERT INTO "journal" VALUES(24,1795492981123456,'5f0c3e0e-0000-4000-8000-000000000002','call.queued','{"queue":"hotline"}',0,'efe3eabf95a97c86332d671f4c44782474a79d31b380b6b65741930cc3c3653e','dee230837a16b5bf56ef302ca91fa73c9fd543d7149d124eb9f11cf9848e50af');
INSERT INTO "journal" VALUES(25,1795492981123456,'5f0c3e0e-0000-4000-8000-000000000002','call.offered','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000002-seat","seat":"8002"}',0,'dee230837a16b5bf56ef302ca91fa73c9fd543d7149d124eb9f11cf9848e50af','faa50c7f02b8fd151dbd481cfdc98e7f58fe91ecdfb0e5a4cb9a6157b5b06f77');
INSERT INTO "journal" VALUES(26,1795492981123456,'5f0c3e0e-0000-4000-8000-000000000002','leg.changed','{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000002-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8002","started":"2026-11-24T04:03:00.123456+00:00","state":"dialing"}}',0,'faa50c7f02b8fd151dbd481cfdc98e7f58fe91ecdfb0e5a4cb9a6157b5b06f77','c981d71f8652b9a45245f0da5b3ed3a5989b82b4fda1952122d8b82c47501f15');
INSERT INTO "journal" VALUES(27,1795492981223456,'5f0c3e0e-0000-4000-8000-000000000002','call.ringing','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000002-seat","seat":"8002"}',0,'c981d71f8652b9a45245f0da5b3ed3a5989b82b4fda1952122d8b82c47501f15','a6a5cfa632bff73e1a04d8922be2a828da2171b05e14527e88e04f13b8b5d6b9');
INSERT INTO "journal" VALUES(28,1795492984123456,'5f0c3e0e-0000-4000-8000-000000000002','call.talking','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000002-seat","seat":"8002"}',0,'a6a5cfa632bff73e1a04d8922be2a828da2171b05e14527e88e04f13b8b5d6b9','cb0f6818c584394bd47d94b6e9b57fc58cdc9d1e421362d386847de90e20ba78');
INSERT INTO "journal" VALUES(29,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','leg.changed','{"leg":{"answered":"2026-11-24T04:03:04.123456+00:00","ended":"2026-11-24T04:04:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000002-seat","joined":"2026-11-24T04:03:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8002","started":"2026-11-24T04:03:00.123456+00:00","state":"ended"}}',0,'cb0f6818c584394bd47d94b6e9b57fc58cdc9d1e421362d386847de90e20ba78','89477a018aa3a85375598315f2597377c7e36f6c104a6db5915bf3a41da98945');
INSERT INTO "journal" VALUES(30,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','call.ended','{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}',0,'89477a018aa3a85375598315f2597377c7e36f6c104a6db5915bf3a41da98945','ef1516d7095e02086697a133be3d1a7eb24dd84db82fb7b3672c5fe82bf4d52d');
INSERT INTO "journal" VALUES(31,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','utterance.final','{"utterance":{"confidence":0.8,"end":1.5,"final":true,"heard":null,"id":"u0","leg_id":"caller-leg","live":true,"side":"caller","start":0.0,"text":"\u505c\u6c34\u4e86"}}',0,'ef1516d7095e02086697a133be3d1a7eb24dd84db82fb7b3672c5fe82bf4d52d','3ba4e22c117afd0f60d331045bb3467b3a1d69541974a59def7264e789c705f1');
INSERT INTO "journal" VALUES(32,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','utterance.final','{"utterance":{"confidence":0.8,"end":3.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u1","leg_id":"seat-leg","live":true,"side":"seat","start":2.0,"text":"\u505c\u6c34\u4e86"}}',0,'3ba4e22c117afd0f60d331045bb3467b3a1d69541974a59def7264e789c705f1','1b92b44724bf3e7d4170954daf9ee36281f19a6c71539face229d1182141c8f1');
INSERT INTO "journal" VALUES(33,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','utterance.final','{"utterance":{"confidence":0.8,"end":5.5,"final":true,"heard":null,"id":"u2","leg_id":"caller-leg","live":true,"side":"caller","start":4.0,"text":"\u505c\u6c34\u4e86"}}',0,'1b92b44724bf3e7d4170954daf9ee36281f19a6c71539face229d1182141c8f1','5728a216301633afeb6e9557394eef4d7028e2b15deeb3f873c8e4a88490633f');
INSERT INTO "journal" VALUES(34,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','utterance.final','{"utterance":{"confidence":0.8,"end":7.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u3","leg_id":"seat-leg","live":true,"side":"seat","start":6.0,"text":"\u505c\u6c34\u4e86"}}',0,'5728a216301633afeb6e9557394eef4d7028e2b15deeb3f873c8e4a88490633f','50b2e99f2909a452c6f2df5f2be3cb8da0168358219a764175db07e8e932305c');
INSERT INTO "journal" VALUES(35,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','secret.changed','{"on":true}',0,'50b2e99f2909a452c6f2df5f2be3cb8da0168358219a764175db07e8e932305c','c749c7fa4081e01daf2151f857fdb8d5200c935543a18911f9a5858749860d38');
INSERT INTO "journal" VALUES(36,1795493043123456,'5f0c3e0e-0000-4000-8000-000000000002','secret.changed','{"on":false}',0,'c749c7fa4081e01daf2151f857fdb8d5200c935543a18911f9a5858749860d38','f7c084fc42f04c2073f6127e76bd9c9c0107d0e0c6716827caa640641436af24');
INSERT INTO "journal" VALUES(37,1795493040123456,'5f0c3e0e-0000-4000-8000-000000000002','notes.changed','{"notes":{"gaps":[{"end":9.5,"leg_id":"caller-leg","side":"caller","start":4.0}],"state":"later"}}',0,'f7c084fc42f04c2073f6127e76bd9c9c0107d0e0c6716827caa640641436af24','ee01fb5228b19b0c047d645d826d46c121b8fcdac4a46dabdedd3daed3376232');
INSERT INTO "journal" VALUES(38,1795493050123456,'5f0c3e0e-0000-4000-8000-000000000002','recording.changed','{"recording":{"seconds":59.8,"started":"2026-11-24T04:03:00.323456+00:00","state":"kept"}}',0,'ee01fb5228b19b0c047d645d826d46c121b8fcdac4a46dabdedd3daed3376232','0968fd7f46c499603144b1b192d078bbcc5697661308a32c6bd259dae955abee');
INSERT INTO "journal" VALUES(39,1795493160123456,'5f0c3e0e-0000-4000-8000-000000000003','call.arrived','{"caller":"13800000002","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000003.raw"}',0,'0968fd7f46c499603144b1b192d078bbcc5697661308a32c6bd259dae955abee','0bc908915cd5180b9b89e7f9b269d9baf108606f933180456a2e1ef2537f54de');
INSERT INTO "journal" VALUES(40,1795493160323456,'5f0c3e0e-0000-4000-8000-000000000003','call.voice','{}',0,'0bc908915cd5180b9b89e7f9b269d9baf108606f933180456a2e1ef2537f54de','bb1bdc9c2a54b91d835c3c8f2247b0f36339370d1873478e6725cf2342be9a3a');
INSERT INTO "journal" VALUES(41,1795493160323456,'5f0c3e0e-0000-4000-8000-000000000003','recording.changed','{"recording":{"seconds":null,"started":"2026-11-24T04:06:00.323456+00:00","state":"recording"}}',0,'bb1bdc9c2a54b91d835c3c8f2247b0f36339370d1873478e6725cf2342be9a3a','32d1c9eff588b27041740806295fbfd7cdb88e25f050fab53cf67944377464a5');
INSERT INTO "journal" VALUES(42,1795493161123456,'5f0c3e0e-0000-4000-8000-000000000003','call.queued','{"queue":"hotline"}',0,'32d1c9eff588b27041740806295fbfd7cdb88e25f050fab53cf67944377464a5','6820f4e3e7b88346a7fed37c8875f1f2e734b0d9a14c57ccf1f71baae7f261e8');
INSERT INTO "journal" VALUES(43,1795493161123456,'5f0c3e0e-0000-4000-8000-000000000003','call.offered','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000003-seat","seat":"8001"}',0,'6820f4e3e7b88346a7fed37c8875f1f2e734b0d9a14c57ccf1f71baae7f261e8','9d88fa1a6a8933146a609f0b9f2d8a23f41c7419077f5b154136bc7dc7025349');
INSERT INTO "journal" VALUES(44,1795493161123456,'5f0c3e0e-0000-4000-8000-000000000003','leg.changed','{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000003-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:06:00.123456+00:00","state":"dialing"}}',0,'9d88fa1a6a8933146a609f0b9f2d8a23f41c7419077f5b154136bc7dc7025349','9be7b25ff66d91996c725ae96243f62bcbc734ae11b8adb43ab7dafdddad2249');
INSERT INTO "journal" VALUES(45,1795493161223456,'5f0c3e0e-0000-4000-8000-000000000003','call.ringing','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000003-seat","seat":"8001"}',0,'9be7b25ff66d91996c725ae96243f62bcbc734ae11b8adb43ab7dafdddad2249','3d74214bd9493eb80084bf3c5721cb29fb309785f0823dceacb8defb7f498a0a');
INSERT INTO "journal" VALUES(46,1795493164123456,'5f0c3e0e-0000-4000-8000-000000000003','call.talking','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000003-seat","seat":"8001"}',0,'3d74214bd9493eb80084bf3c5721cb29fb309785f0823dceacb8defb7f498a0a','134de08ea0dd6ffa5d99145ee3daad6831a7fa0cb105eacefb42a6f4934e0620');
INSERT INTO "journal" VALUES(47,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','leg.changed','{"leg":{"answered":"2026-11-24T04:06:04.123456+00:00","ended":"2026-11-24T04:07:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000003-seat","joined":"2026-11-24T04:06:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8001","started":"2026-11-24T04:06:00.123456+00:00","state":"ended"}}',0,'134de08ea0dd6ffa5d99145ee3daad6831a7fa0cb105eacefb42a6f4934e0620','b0a982382c1197c6dfc0edc2b5f52a79619cf8df81e325bc966e1489c665c578');
INSERT INTO "journal" VALUES(48,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','call.ended','{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}',0,'b0a982382c1197c6dfc0edc2b5f52a79619cf8df81e325bc966e1489c665c578','93eebe9a42a63ba39bda4d9d5a8d777762a1be64da0fd98917bdb58067c8ffdb');
INSERT INTO "journal" VALUES(49,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','utterance.final','{"utterance":{"confidence":0.8,"end":1.5,"final":true,"heard":null,"id":"u0","leg_id":"caller-leg","live":true,"side":"caller","start":0.0,"text":"\u505c\u6c34\u4e86"}}',0,'93eebe9a42a63ba39bda4d9d5a8d777762a1be64da0fd98917bdb58067c8ffdb','4a8468ff348c726423bf81ab29de524344b21e7bc08094d93693227e095270ba');
INSERT INTO "journal" VALUES(50,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','utterance.final','{"utterance":{"confidence":0.8,"end":3.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u1","leg_id":"seat-leg","live":true,"side":"seat","start":2.0,"text":"\u505c\u6c34\u4e86"}}',0,'4a8468ff348c726423bf81ab29de524344b21e7bc08094d93693227e095270ba','eeec5a6d3e34245a7a473a54b01a4248ffca040521f550d9eb238303d490e53b');
INSERT INTO "journal" VALUES(51,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','utterance.final','{"utterance":{"confidence":0.8,"end":5.5,"final":true,"heard":null,"id":"u2","leg_id":"caller-leg","live":true,"side":"caller","start":4.0,"text":"\u505c\u6c34\u4e86"}}',0,'eeec5a6d3e34245a7a473a54b01a4248ffca040521f550d9eb238303d490e53b','d2bce6bad84f1997be5c2efb22e5b4ad3e5fb739e13037c39dae0d7ecc437489');
INSERT INTO "journal" VALUES(52,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','utterance.final','{"utterance":{"confidence":0.8,"end":7.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u3","leg_id":"seat-leg","live":true,"side":"seat","start":6.0,"text":"\u505c\u6c34\u4e86"}}',0,'d2bce6bad84f1997be5c2efb22e5b4ad3e5fb739e13037c39dae0d7ecc437489','8ffc704926e7959e23ed7d3d4871fb4462b39ebf412f48fe7feb9dfeaee64c1a');
INSERT INTO "journal" VALUES(53,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','secret.changed','{"on":true}',0,'8ffc704926e7959e23ed7d3d4871fb4462b39ebf412f48fe7feb9dfeaee64c1a','27692a6e250bb99604c8ddbea5c6d83b9a52127d9cdd7b8b295fe432f036a04c');
INSERT INTO "journal" VALUES(54,1795493223123456,'5f0c3e0e-0000-4000-8000-000000000003','secret.changed','{"on":false}',0,'27692a6e250bb99604c8ddbea5c6d83b9a52127d9cdd7b8b295fe432f036a04c','2b4b8156a5253386eff50cbc26972855230281e87f1b18605e1da832fdec0576');
INSERT INTO "journal" VALUES(55,1795493220123456,'5f0c3e0e-0000-4000-8000-000000000003','notes.changed','{"notes":{"gaps":[{"end":9.5,"leg_id":"caller-leg","side":"caller","start":4.0}],"state":"later"}}',0,'2b4b8156a5253386eff50cbc26972855230281e87f1b18605e1da832fdec0576','c89c9ba266a3e2c55c79b8eee4761b89b2de54045c013dfb4557da662630ecb8');
INSERT INTO "journal" VALUES(56,1795493230123456,'5f0c3e0e-0000-4000-8000-000000000003','recording.changed','{"recording":{"seconds":59.8,"started":"2026-11-24T04:06:00.323456+00:00","state":"kept"}}',0,'c89c9ba266a3e2c55c79b8eee4761b89b2de54045c013dfb4557da662630ecb8','42fb43f55b4bb104bb789e553f6370368fc5565db5e4134c8e002e5ec6ff49ad');
INSERT INTO "journal" VALUES(57,1795493340123456,'5f0c3e0e-0000-4000-8000-000000000004','call.arrived','{"caller":"13800000003","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000004.raw"}',0,'42fb43f55b4bb104bb789e553f6370368fc5565db5e4134c8e002e5ec6ff49ad','6693285976decaecab7eab91ea05e14ad1b00bf439f41df9ec6627c3e3409285');
INSERT INTO "journal" VALUES(58,1795493340323456,'5f0c3e0e-0000-4000-8000-000000000004','call.voice','{}',0,'6693285976decaecab7eab91ea05e14ad1b00bf439f41df9ec6627c3e3409285','c6142bce885b77f84aa39f160a0fe8504a7370227c4bdc88e61012997fe09352');
INSERT INTO "journal" VALUES(59,1795493340323456,'5f0c3e0e-0000-4000-8000-000000000004','recording.changed','{"recording":{"seconds":null,"started":"2026-11-24T04:09:00.323456+00:00","state":"recording"}}',0,'c6142bce885b77f84aa39f160a0fe8504a7370227c4bdc88e61012997fe09352','4bbcf3746437126a919778ae37e090c8f0f87bff8b5d5ae2a83c589c79e40237');
INSERT INTO "journal" VALUES(60,1795493341123456,'5f0c3e0e-0000-4000-8000-000000000004','call.queued','{"queue":"hotline"}',0,'4bbcf3746437126a919778ae37e090c8f0f87bff8b5d5ae2a83c589c79e40237','75901a4c39e16b3c27961298fea21d5a367a2bfe393d46f6760292fa321b4e52');
INSERT INTO "journal" VALUES(61,1795493341123456,'5f0c3e0e-0000-4000-8000-000000000004','call.offered','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000004-seat","seat":"8002"}',0,'75901a4c39e16b3c27961298fea21d5a367a2bfe393d46f6760292fa321b4e52','664c4f488c37c69233a78e72789f04b06e19697d16468a4101bebe581e92b522');
INSERT INTO "journal" VALUES(62,1795493341123456,'5f0c3e0e-0000-4000-8000-000000000004','leg.changed','{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000004-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8002","started":"2026-11-24T04:09:00.123456+00:00","state":"dialing"}}',0,'664c4f488c37c69233a78e72789f04b06e19697d16468a4101bebe581e92b522','917d97d5d2a79b29764f3837f4fce5f43ddd4abecaf62722e23b0217b2e90ecb');
INSERT INTO "journal" VALUES(63,1795493341223456,'5f0c3e0e-0000-4000-8000-000000000004','call.ringing','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000004-seat","seat":"8002"}',0,'917d97d5d2a79b29764f3837f4fce5f43ddd4abecaf62722e23b0217b2e90ecb','d03e880f5639f648c878ad48bcd9f117af977e16b85f2f3e39fad035d1d23a0b');
INSERT INTO "journal" VALUES(64,1795493344123456,'5f0c3e0e-0000-4000-8000-000000000004','call.talking','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000004-seat","seat":"8002"}',0,'d03e880f5639f648c878ad48bcd9f117af977e16b85f2f3e39fad035d1d23a0b','2cf2ebdd4273919d9d12b1cb4415d7c148ba34b2963d3d974b91552e4886b4ab');
INSERT INTO "journal" VALUES(65,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','leg.changed','{"leg":{"answered":"2026-11-24T04:09:04.123456+00:00","ended":"2026-11-24T04:10:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000004-seat","joined":"2026-11-24T04:09:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8002","started":"2026-11-24T04:09:00.123456+00:00","state":"ended"}}',0,'2cf2ebdd4273919d9d12b1cb4415d7c148ba34b2963d3d974b91552e4886b4ab','577bca4f8836a3fc70d307618c74bda810408d1a98f548e32ba1d14a2b5701fd');
INSERT INTO "journal" VALUES(66,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','call.ended','{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}',0,'577bca4f8836a3fc70d307618c74bda810408d1a98f548e32ba1d14a2b5701fd','bc418b8c60d5b432ef518154871e57a40a7d37fa155a5cbfb1c26b995d90ec8b');
INSERT INTO "journal" VALUES(67,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','utterance.final','{"utterance":{"confidence":0.8,"end":1.5,"final":true,"heard":null,"id":"u0","leg_id":"caller-leg","live":true,"side":"caller","start":0.0,"text":"\u505c\u6c34\u4e86"}}',0,'bc418b8c60d5b432ef518154871e57a40a7d37fa155a5cbfb1c26b995d90ec8b','9de6f1d80058aabfbc1c51818b1417e9a961191d0879c09502c62bb6d4e33a17');
INSERT INTO "journal" VALUES(68,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','utterance.final','{"utterance":{"confidence":0.8,"end":3.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u1","leg_id":"seat-leg","live":true,"side":"seat","start":2.0,"text":"\u505c\u6c34\u4e86"}}',0,'9de6f1d80058aabfbc1c51818b1417e9a961191d0879c09502c62bb6d4e33a17','10f9cdaf91e715fa3f944aab1b5be3a4501073b26d7b0bfa628d0a18c972b9a3');
INSERT INTO "journal" VALUES(69,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','utterance.final','{"utterance":{"confidence":0.8,"end":5.5,"final":true,"heard":null,"id":"u2","leg_id":"caller-leg","live":true,"side":"caller","start":4.0,"text":"\u505c\u6c34\u4e86"}}',0,'10f9cdaf91e715fa3f944aab1b5be3a4501073b26d7b0bfa628d0a18c972b9a3','7b83acb5c8e6ad59db45df4e73a93637c6c617ee05bdb9f360958c5fa4a307d7');
INSERT INTO "journal" VALUES(70,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','utterance.final','{"utterance":{"confidence":0.8,"end":7.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u3","leg_id":"seat-leg","live":true,"side":"seat","start":6.0,"text":"\u505c\u6c34\u4e86"}}',0,'7b83acb5c8e6ad59db45df4e73a93637c6c617ee05bdb9f360958c5fa4a307d7','bb17e6efb018ca17d9309671302ed68d49acb784f1d532d48468b594973856f8');
INSERT INTO "journal" VALUES(71,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','secret.changed','{"on":true}',0,'bb17e6efb018ca17d9309671302ed68d49acb784f1d532d48468b594973856f8','e6fcca436897ca1b9f97b62ec7a238deceefcb6f992082df84d406cc743825f0');
INSERT INTO "journal" VALUES(72,1795493403123456,'5f0c3e0e-0000-4000-8000-000000000004','secret.changed','{"on":false}',0,'e6fcca436897ca1b9f97b62ec7a238deceefcb6f992082df84d406cc743825f0','ab378d2fe248013736252450f433d6a67efffcea73752fa2e23dd2e34351ddb7');
INSERT INTO "journal" VALUES(73,1795493400123456,'5f0c3e0e-0000-4000-8000-000000000004','notes.changed','{"notes":{"gaps":[{"end":9.5,"leg_id":"caller-leg","side":"caller","start":4.0}],"state":"later"}}',0,'ab378d2fe248013736252450f433d6a67efffcea73752fa2e23dd2e34351ddb7','1efc7378d548f4c72f7dc141b3301fe5779e27392f59341c5cdf04ed56843ab6');
INSERT INTO "journal" VALUES(74,1795493410123456,'5f0c3e0e-0000-4000-8000-000000000004','recording.changed','{"recording":{"seconds":59.8,"started":"2026-11-24T04:09:00.323456+00:00","state":"kept"}}',0,'1efc7378d548f4c72f7dc141b3301fe5779e27392f59341c5cdf04ed56843ab6','2dfaacfa87adbc56544523602b7578df4df7e93d8fa53b6073b9df4115145dc4');
INSERT INTO "journal" VALUES(75,1795493520123456,'5f0c3e0e-0000-4000-8000-000000000005','call.arrived','{"caller":"13800000004","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000005.raw"}',0,'2dfaacfa87adbc56544523602b7578df4df7e93d8fa53b6073b9df4115145dc4','30d320eb32202d4e0fd509b624187da4bcf965af983a4965e376d0f6f63bd4b3');
INSERT INTO "journal" VALUES(76,1795493520323456,'5f0c3e0e-0000-4000-8000-000000000005','call.voice','{}',0,'30d320eb32202d4e0fd509b624187da4bcf965af983a4965e376d0f6f63bd4b3','88dd40e8ba70e686965254c63241fac2f65c723878c16044af791d5aac81dedd');
INSERT INTO "journal" VALUES(77,1795493520323456,'5f0c3e0e-0000-4000-8000-000000000005','recording.changed','{"recording":{"seconds":null,"started":"2026-11-24T04:12:00.323456+00:00","state":"recording"}}',0,'88dd40e8ba70e686965254c63241fac2f65c723878c16044af791d5aac81dedd','3f6b7e1fe5c1796b95e5a09266ebd9cc3674375c197b00b95bf1b6531c1eaf44');
INSERT INTO "journal" VALUES(78,1795493521123456,'5f0c3e0e-0000-4000-8000-000000000005','call.queued','{"queue":"hotline"}',0,'3f6b7e1fe5c1796b95e5a09266ebd9cc3674375c197b00b95bf1b6531c1eaf44','7be520ae7b99ad3c7c27855cfb4280fc7f195204bffa2bbdc72c6460ebf0e036');
INSERT INTO "journal" VALUES(79,1795493521123456,'5f0c3e0e-0000-4000-8000-000000000005','call.offered','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000005-seat","seat":"8001"}',0,'7be520ae7b99ad3c7c27855cfb4280fc7f195204bffa2bbdc72c6460ebf0e036','e138a5a8aaf95be5c95a15dfbb7a9ea5aa9cc444f55608b460ca0b5c46cd6f1d');
INSERT INTO "journal" VALUES(80,1795493521123456,'5f0c3e0e-0000-4000-8000-000000000005','leg.changed','{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000005-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:12:00.123456+00:00","state":"dialing"}}',0,'e138a5a8aaf95be5c95a15dfbb7a9ea5aa9cc444f55608b460ca0b5c46cd6f1d','fada66168bfc8036ce071bb9f5a68e4e950fd3a21117f33c7529c1eda77936a9');
INSERT INTO "journal" VALUES(81,1795493521223456,'5f0c3e0e-0000-4000-8000-000000000005','call.ringing','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000005-seat","seat":"8001"}',0,'fada66168bfc8036ce071bb9f5a68e4e950fd3a21117f33c7529c1eda77936a9','1f768b67098425b021a4a8330b607d84b6dd26ef7ba2905acad7ad8ce66daf94');
INSERT INTO "journal" VALUES(82,1795493524123456,'5f0c3e0e-0000-4000-8000-000000000005','call.talking','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000005-seat","seat":"8001"}',0,'1f768b67098425b021a4a8330b607d84b6dd26ef7ba2905acad7ad8ce66daf94','3235cace18956626ce5027960366cd311cd838a713ce733ae992b8f6e45d3a46');
INSERT INTO "journal" VALUES(83,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','leg.changed','{"leg":{"answered":"2026-11-24T04:12:04.123456+00:00","ended":"2026-11-24T04:13:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000005-seat","joined":"2026-11-24T04:12:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8001","started":"2026-11-24T04:12:00.123456+00:00","state":"ended"}}',0,'3235cace18956626ce5027960366cd311cd838a713ce733ae992b8f6e45d3a46','1f3cc66f56f74dc54a7d6cff7d15cc0aa7b8bda75f889f69a5695921e9ba0543');
INSERT INTO "journal" VALUES(84,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','call.ended','{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}',0,'1f3cc66f56f74dc54a7d6cff7d15cc0aa7b8bda75f889f69a5695921e9ba0543','ce0230b672c5328c30ae2957c515b0cc6b5434f93d28d87e7d59554d208fdec9');
INSERT INTO "journal" VALUES(85,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','utterance.final','{"utterance":{"confidence":0.8,"end":1.5,"final":true,"heard":null,"id":"u0","leg_id":"caller-leg","live":true,"side":"caller","start":0.0,"text":"\u505c\u6c34\u4e86"}}',0,'ce0230b672c5328c30ae2957c515b0cc6b5434f93d28d87e7d59554d208fdec9','eb536fc8e99eeeb38e0d5032d0f608003c08df391f7f8a28f037f2b18ed785ff');
INSERT INTO "journal" VALUES(86,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','utterance.final','{"utterance":{"confidence":0.8,"end":3.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u1","leg_id":"seat-leg","live":true,"side":"seat","start":2.0,"text":"\u505c\u6c34\u4e86"}}',0,'eb536fc8e99eeeb38e0d5032d0f608003c08df391f7f8a28f037f2b18ed785ff','03b0ed027c42f03dedec39f9e02efd5f573da15e3e0436d5a64a3289904d4413');
INSERT INTO "journal" VALUES(87,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','utterance.final','{"utterance":{"confidence":0.8,"end":5.5,"final":true,"heard":null,"id":"u2","leg_id":"caller-leg","live":true,"side":"caller","start":4.0,"text":"\u505c\u6c34\u4e86"}}',0,'03b0ed027c42f03dedec39f9e02efd5f573da15e3e0436d5a64a3289904d4413','5b3cfe3a76a69e65c6af8a2c78f82a575db9930e7b80fa5587791ed4f0108176');
INSERT INTO "journal" VALUES(88,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','utterance.final','{"utterance":{"confidence":0.8,"end":7.5,"final":true,"heard":"\u542c\u6c34\u4e86","id":"u3","leg_id":"seat-leg","live":true,"side":"seat","start":6.0,"text":"\u505c\u6c34\u4e86"}}',0,'5b3cfe3a76a69e65c6af8a2c78f82a575db9930e7b80fa5587791ed4f0108176','3ba147d035080e7e87c717d1d246aff735eee693e7858e72e2f7539fd1c3a0a4');
INSERT INTO "journal" VALUES(89,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','secret.changed','{"on":true}',0,'3ba147d035080e7e87c717d1d246aff735eee693e7858e72e2f7539fd1c3a0a4','68c434b6401207d00381092f41425c7d7e23c94898d1e56083b9278ec7df5195');
INSERT INTO "journal" VALUES(90,1795493583123456,'5f0c3e0e-0000-4000-8000-000000000005','secret.changed','{"on":false}',0,'68c434b6401207d00381092f41425c7d7e23c94898d1e56083b9278ec7df5195','0eff854015c23ad97caebb9000195fda63d13cf52c4739c7c024f07b6de72868');
INSERT INTO "journal" VALUES(91,1795493580123456,'5f0c3e0e-0000-4000-8000-000000000005','notes.changed','{"notes":{"gaps":[{"end":9.5,"leg_id":"caller-leg","side":"caller","start":4.0}],"state":"later"}}',0,'0eff854015c23ad97caebb9000195fda63d13cf52c4739c7c024f07b6de72868','207cf9288b8566454625dcbd705fa1c39e724f7293f493003f9d8bb9ab1b64f3');
INSERT INTO "journal" VALUES(92,1795493590123456,'5f0c3e0e-0000-4000-8000-000000000005','recording.changed','{"recording":{"seconds":59.8,"started":"2026-11-24T04:12:00.323456+00:00","state":"kept"}}',0,'207cf9288b8566454625dcbd705fa1c39e724f7293f493003f9d8bb9ab1b64f3','73bea8688387e6da699a702a080a2ce81f9b851573469672fd28dcb8fc81fae0');
INSERT INTO "journal" VALUES(93,1795494600123456,'5f0c3e0e-0000-4000-8000-000000000006','call.arrived','{"caller":null,"recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000006.raw"}',0,'73bea8688387e6da699a702a080a2ce81f9b851573469672fd28dcb8fc81fae0','c185dcc54758d17bec11e99f69fdf113d98e52aa6b779da566d8cf367ccf90dd');
INSERT INTO "journal" VALUES(94,1795494600423456,'5f0c3e0e-0000-4000-8000-000000000006','call.voice','{}',0,'c185dcc54758d17bec11e99f69fdf113d98e52aa6b779da566d8cf367ccf90dd','5cd425744d2ebf8578f1a26994f4582813d910c7e63a37af6def1f5311d98f53');
INSERT INTO "journal" VALUES(95,1795494603123456,'5f0c3e0e-0000-4000-8000-000000000006','call.queued','{"queue":"hotline"}',0,'5cd425744d2ebf8578f1a26994f4582813d910c7e63a37af6def1f5311d98f53','3d1a11a903db1c9f66b9b78855a8c4c225c8fd377e178468fe6dc3b0af8c1bba');
INSERT INTO "journal" VALUES(96,1795494620123456,'5f0c3e0e-0000-4000-8000-000000000006','call.ended','{"ended_by":"caller","outcome":"abandoned_queue","waited_ms":17000,"where":"queued"}',0,'3d1a11a903db1c9f66b9b78855a8c4c225c8fd377e178468fe6dc3b0af8c1bba','8ab90ae013f473557aefe3db3998e22ee5fbaa4563ff4c882d5f53af0d23b553');
INSERT INTO "journal" VALUES(97,1795494720123456,'5f0c3e0e-0000-4000-8000-000000000007','call.arrived','{"caller":"13800000000","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000007.raw"}',0,'8ab90ae013f473557aefe3db3998e22ee5fbaa4563ff4c882d5f53af0d23b553','a2e2c3156cd067d5851dca6875e4bcf5bbf7a28bbd157361814a8452c295595a');
INSERT INTO "journal" VALUES(98,1795494720323456,'5f0c3e0e-0000-4000-8000-000000000007','call.voice','{}',0,'a2e2c3156cd067d5851dca6875e4bcf5bbf7a28bbd157361814a8452c295595a','6e63a7c0c80c57b438456cd511091067d24e85427323c92cfb829a05e27bd57e');
INSERT INTO "journal" VALUES(99,1795494720323456,'5f0c3e0e-0000-4000-8000-000000000007','recording.changed','{"recording":{"seconds":null,"started":"2026-11-24T04:32:00.323456+00:00","state":"recording"}}',0,'6e63a7c0c80c57b438456cd511091067d24e85427323c92cfb829a05e27bd57e','74287f520b088552d2416e6c49b6983cab7b8b285413d811f32f9cde478e1021');
INSERT INTO "journal" VALUES(100,1795494721123456,'5f0c3e0e-0000-4000-8000-000000000007','call.queued','{"queue":"hotline"}',0,'74287f520b088552d2416e6c49b6983cab7b8b285413d811f32f9cde478e1021','033ffdd24ed4f01c2a05187e2d6a1688715fc59932369e1a5b05822784c861d9');
INSERT INTO "journal" VALUES(101,1795494721123456,'5f0c3e0e-0000-4000-8000-000000000007','call.offered','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000007-seat","seat":"8001"}',0,'033ffdd24ed4f01c2a05187e2d6a1688715fc59932369e1a5b05822784c861d9','2f93261b87e5d0dba6586969a4bd873b6029ed09ce6ba6e3b4f7d3f30947f86a');
INSERT INTO "journal" VALUES(102,1795494721123456,'5f0c3e0e-0000-4000-8000-000000000007','leg.changed','{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000007-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:32:00.123456+00:00","state":"dialing"}}',0,'2f93261b87e5d0dba6586969a4bd873b6029ed09ce6ba6e3b4f7d3f30947f86a','3efd47dedad6be0422fa5aef99f835de2ce08680eda541e99d254e7d7f4ad175');
INSERT INTO "journal" VALUES(103,1795494721223456,'5f0c3e0e-0000-4000-8000-000000000007','call.ringing','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000007-seat","seat":"8001"}',0,'3efd47dedad6be0422fa5aef99f835de2ce08680eda541e99d254e7d7f4ad175','303bcd960e6538c53e9386eb08deb84e04fa2a93cf7900f417eff81fbd500848');
INSERT INTO "journal" VALUES(104,1795494724123456,'5f0c3e0e-0000-4000-8000-000000000007','call.talking','{"leg_id":"5f0c3e0e-0000-4000-8000-000000000007-seat","seat":"8001"}',0,'303bcd960e6538c53e9386eb08deb84e04fa2a93cf7900f417eff81fbd500848','ba723dee345bf9c8c9c6c866705789577dd5478be984996fb97bd95496663e0f');
CREATE TABLE legs (
	call_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	party TEXT, 
	number TEXT, 
	state TEXT NOT NULL, 
	outcome TEXT, 
	started BIGINT NOT NULL, 
	answered BIGINT, 
	joined BIGINT, 
	ended BIGINT, 
	CONSTRAINT pk_legs PRIMARY KEY (call_id, position), 
	CONSTRAINT fk_legs_call_id_calls FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE
);
INSERT INTO "legs" VALUES('5f0c3e0e-0000-4000-8000-000000000001',0,'5f0c3e0e-0000-4000-8000-000000000001-seat','seat','8001',NULL,'ended','answered',1795492800123456,1795492804123456,1795492804123456,1795492860123456);
INSERT INTO "legs" VALUES('5f0c3e0e-0000-4000-8000-000000000002',0,'5f0c3e0e-0000-4000-8000-000000000002-seat','seat','8002',NULL,'ended','answered',1795492980123456,1795492984123456,1795492984123456,1795493040123456);
INSERT INTO "legs" VALUES('5f0c3e0e-0000-4000-8000-000000000003',0,'5f0c3e0e-0000-4000-8000-000000000003-seat','seat','8001',NULL,'ended','answered',1795493160123456,1795493164123456,1795493164123456,1795493220123456);
INSERT INTO "legs" VALUES('5f0c3e0e-0000-4000-8000-000000000004',0,'5f0c3e0e-0000-4000-8000-000000000004-seat','seat','8002',NULL,'ended','answered',1795493340123456,1795493344123456,1795493344123456,1795493400123456);
INSERT INTO "legs" VALUES('5f0c3e0e-0000-4000-8000-000000000005',0,'5f0c3e0e-0000-4000-8000-000000000005-seat','seat','8001',NULL,'ended','answered',1795493520123456,1795493524123456,1795493524123456,1795493580123456);
INSERT INTO "legs" VALUES('5f0c3e0e-0000-4000-8000-000000000007',0,'5f0c3e0e-0000-4000-8000-000000000007-seat','seat','8001',NULL,'dialing',NULL,1795494720123456,NULL,NULL,NULL);
CREATE TABLE recordings (
	call_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	started BIGINT, 
	seconds DOUBLE, 
	CONSTRAINT pk_recordings PRIMARY KEY (call_id), 
	CONSTRAINT fk_recordings_call_id_calls FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE
);
INSERT INTO "recordings" VALUES('5f0c3e0e-0000-4000-8000-000000000001','kept',1795492800323456,59.8);
INSERT INTO "recordings" VALUES('5f0c3e0e-0000-4000-8000-000000000002','kept',1795492980323456,59.8);
INSERT INTO "recordings" VALUES('5f0c3e0e-0000-4000-8000-000000000003','kept',1795493160323456,59.8);
INSERT INTO "recordings" VALUES('5f0c3e0e-0000-4000-8000-000000000004','kept',1795493340323456,59.8);
INSERT INTO "recordings" VALUES('5f0c3e0e-0000-4000-8000-000000000005','kept',1795493520323456,59.8);
INSERT INTO "recordings" VALUES('5f0c3e0e-0000-4000-8000-000000000007','recording',1795494720323456,NULL);
CREATE TABLE seats (
	extension TEXT NOT NULL, 
	operator TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT, 
	since BIGINT NOT NULL, 
	call_id TEXT, 
	phone TEXT NOT NULL, 
	missed INTEGER NOT NULL, 
	idle_since BIGINT NOT NULL, 
	CONSTRAINT pk_seats PRIMARY KEY (extension)
);
INSERT INTO "seats" VALUES('8001','李芳','ready',NULL,1795492800123456,NULL,'registered',1,1795492800123456);
INSERT INTO "seats" VALUES('8002','李芳','ready',NULL,1795492800123456,NULL,'registered',1,1795492800123456);
CREATE TABLE ticket_calls (
	ticket_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	call_id TEXT NOT NULL, 
	drafted BOOLEAN NOT NULL, 
	CONSTRAINT pk_ticket_calls PRIMARY KEY (ticket_id, position), 
	CONSTRAINT fk_ticket_calls_ticket_id_tickets FOREIGN KEY(ticket_id) REFERENCES tickets (id)
);
INSERT INTO "ticket_calls" VALUES('01934000-0000-7000-8000-000000000001',0,'5f0c3e0e-0000-4000-8000-000000000001',1);
INSERT INTO "ticket_calls" VALUES('01934000-0000-7000-8000-000000000002',0,'5f0c3e0e-0000-4000-8000-000000000002',1);
INSERT INTO "ticket_calls" VALUES('01934000-0000-7000-8000-000000000003',0,'5f0c3e0e-0000-4000-8000-000000000003',1);
INSERT INTO "ticket_calls" VALUES('01934000-0000-7000-8000-000000000004',0,'5f0c3e0e-0000-4000-8000-000000000004',1);
CREATE TABLE ticket_days (
	day TEXT NOT NULL, 
	given INTEGER NOT NULL, 
	CONSTRAINT pk_ticket_days PRIMARY KEY (day)
);
INSERT INTO "ticket_days" VALUES('20261124',5);
CREATE TABLE ticket_trace (
	ticket_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	time BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	note TEXT, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_ticket_trace PRIMARY KEY (ticket_id, seq), 
	CONSTRAINT fk_ticket_trace_ticket_id_tickets FOREIGN KEY(ticket_id) REFERENCES tickets (id)
);
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000001',1,1795492865123456,'hotline','drafted',NULL,'b6e34a7ee7a5b4c7f1dbad10b579e34690c302a4f2e6ba2ff63a46aeaae8091d');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000001',2,1795496400123456,'8001','edited','category, kind, matter, notes','e91e462f5354fe730d3d0d67df54d0ee5a67610bebee1e0effab96a3d1f50740');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000001',3,1795500000123456,'8001','filed',NULL,'b9a3d5c6d2a1add25066054d893e1e2123fcde415a3bc763cae09f453073b318');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000002',1,1795493045123456,'hotline','drafted',NULL,'d6336df31dda7e88348164367edc29b9b3f8b58e5597b72712ddb05f7c4fc6ce');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000002',2,1795496400123456,'8001','edited','category, kind, matter, notes','1f6ec7c96b141b71031a4f813f9fb59219e9d49446d6ababe81221b32b208edc');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000003',1,1795493225123456,'hotline','drafted',NULL,'119ab04861a129ec65db1fdff63a7e0dcc15be0cba37cbfea26ccd8731e71772');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000004',1,1795493405123456,'hotline','drafted',NULL,'dbf73ac7a3613d5389a94c7a20a4481339c44908077f2f3b3fb2a82cdc280d3b');
INSERT INTO "ticket_trace" VALUES('01934000-0000-7000-8000-000000000005',1,1795503600123456,'8002','drafted',NULL,'1f777e177de7830c23c194b4fe2bcc40df7deb6920c982bd56c0e51773b11a55');
CREATE TABLE tickets (
	id TEXT NOT NULL, 
	number TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	kind TEXT, 
	category TEXT, 
	urgency TEXT NOT NULL, 
	caller_name TEXT, 
	caller_phone TEXT, 
	address TEXT, 
	matter TEXT, 
	wanted TEXT, 
	confidential BOOLEAN NOT NULL, 
	notes TEXT, 
	unit TEXT, 
	due BIGINT, 
	created BIGINT NOT NULL, 
	filed BIGINT, notes_edited BOOLEAN DEFAULT false NOT NULL, 
	CONSTRAINT pk_tickets PRIMARY KEY (id), 
	CONSTRAINT uq_tickets_number UNIQUE (number)
);
INSERT INTO "tickets" VALUES('01934000-0000-7000-8000-000000000001','20261124000001',3,'filed','complaint','噪声','normal',NULL,'13800000000',NULL,'夜间施工，噪声扰民',NULL,0,'市民称工地夜里十一点还在施工',NULL,NULL,1795492865123456,1795500000123456,1);
INSERT INTO "tickets" VALUES('01934000-0000-7000-8000-000000000002','20261124000002',2,'drafted','complaint','噪声','normal',NULL,'13800000001',NULL,'夜间施工，噪声扰民',NULL,0,'市民称工地夜里十一点还在施工',NULL,NULL,1795493045123456,NULL,1);
INSERT INTO "tickets" VALUES('01934000-0000-7000-8000-000000000003','20261124000003',1,'drafted',NULL,NULL,'normal',NULL,'13800000002',NULL,NULL,NULL,0,NULL,NULL,NULL,1795493225123456,NULL,0);
INSERT INTO "tickets" VALUES('01934000-0000-7000-8000-000000000004','20261124000004',1,'drafted',NULL,NULL,'normal',NULL,'13800000003',NULL,NULL,NULL,0,NULL,NULL,NULL,1795493405123456,NULL,0);
INSERT INTO "tickets" VALUES('01934000-0000-7000-8000-000000000005','20261124000005',1,'drafted','consultation',NULL,'normal',NULL,NULL,NULL,'咨询办事材料',NULL,0,NULL,NULL,NULL,1795503600123456,NULL,0);
CREATE TABLE units (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	number TEXT NOT NULL, 
	parent TEXT, 
	active BOOLEAN NOT NULL, 
	CONSTRAINT pk_units PRIMARY KEY (id)
);
INSERT INTO "units" VALUES('zjw','住建委','02200000001',NULL,1);
INSERT INTO "units" VALUES('zjw-1','住建委一处','02200000002','zjw',1);
CREATE TABLE utterances (
	call_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	side TEXT NOT NULL, 
	leg_id TEXT NOT NULL, 
	start DOUBLE NOT NULL, 
	"end" DOUBLE NOT NULL, 
	text TEXT NOT NULL, 
	heard TEXT, 
	confidence DOUBLE, 
	live BOOLEAN NOT NULL, 
	position BIGINT NOT NULL, 
	CONSTRAINT pk_utterances PRIMARY KEY (call_id, id), 
	CONSTRAINT fk_utterances_call_id_calls FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE
);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000001','u0','caller','caller-leg',0.0,1.5,'停水了',NULL,0.8,1,13);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000001','u1','seat','seat-leg',2.0,3.5,'停水了','听水了',0.8,1,14);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000001','u2','caller','caller-leg',4.0,5.5,'停水了',NULL,0.8,1,15);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000001','u3','seat','seat-leg',6.0,7.5,'停水了','听水了',0.8,1,16);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000002','u0','caller','caller-leg',0.0,1.5,'停水了',NULL,0.8,1,31);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000002','u1','seat','seat-leg',2.0,3.5,'停水了','听水了',0.8,1,32);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000002','u2','caller','caller-leg',4.0,5.5,'停水了',NULL,0.8,1,33);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000002','u3','seat','seat-leg',6.0,7.5,'停水了','听水了',0.8,1,34);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000003','u0','caller','caller-leg',0.0,1.5,'停水了',NULL,0.8,1,49);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000003','u1','seat','seat-leg',2.0,3.5,'停水了','听水了',0.8,1,50);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000003','u2','caller','caller-leg',4.0,5.5,'停水了',NULL,0.8,1,51);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000003','u3','seat','seat-leg',6.0,7.5,'停水了','听水了',0.8,1,52);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000004','u0','caller','caller-leg',0.0,1.5,'停水了',NULL,0.8,1,67);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000004','u1','seat','seat-leg',2.0,3.5,'停水了','听水了',0.8,1,68);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000004','u2','caller','caller-leg',4.0,5.5,'停水了',NULL,0.8,1,69);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000004','u3','seat','seat-leg',6.0,7.5,'停水了','听水了',0.8,1,70);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000005','u0','caller','caller-leg',0.0,1.5,'停水了',NULL,0.8,1,85);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000005','u1','seat','seat-leg',2.0,3.5,'停水了','听水了',0.8,1,86);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000005','u2','caller','caller-leg',4.0,5.5,'停水了',NULL,0.8,1,87);
INSERT INTO "utterances" VALUES('5f0c3e0e-0000-4000-8000-000000000005','u3','seat','seat-leg',6.0,7.5,'停水了','听水了',0.8,1,88);
CREATE INDEX ix_calls_caller_t0 ON calls (caller, t0);
CREATE INDEX ix_calls_live ON calls (t0) WHERE t5 IS NULL;
CREATE INDEX ix_calls_seat_t0 ON calls (seat, t0);
CREATE INDEX ix_calls_t0_id ON calls (t0, id);
CREATE INDEX ix_calls_ticket_due ON calls (t0) WHERE t4 IS NOT NULL AND ticket_id IS NULL;
CREATE INDEX ix_journal_call_id_seq ON journal (call_id, seq);
CREATE INDEX ix_journal_kind_seq ON journal (kind, seq);
CREATE INDEX ix_tickets_caller_phone_created ON tickets (caller_phone, created);
CREATE INDEX ix_tickets_created_id ON tickets (created, id);
CREATE INDEX ix_tickets_due ON tickets (due);
CREATE INDEX ix_tickets_state_created ON tickets (state, created);
CREATE INDEX ix_tickets_unit_created ON tickets (unit, created);
CREATE INDEX ix_legs_party_started ON legs (party, started);
CREATE INDEX ix_recordings_state ON recordings (state);
CREATE INDEX ix_ticket_calls_call_id ON ticket_calls (call_id);
CREATE UNIQUE INDEX uq_ticket_calls_drafted ON ticket_calls (call_id) WHERE drafted;
CREATE INDEX ix_calls_notes_state_t0 ON calls (notes_state, t0);
COMMIT;
