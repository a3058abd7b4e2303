/** The Azure clouds that Latchkey knows by name; others are in the settings. */

/** As `az cloud list` names them. */
export const azureCloudNames = ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'] as const;
export type AzureCloudName = (typeof azureCloudNames)[number];

/** Azure China documents two hosts for signing in (reference section 4): the SDKs' one, and that of Entra's own pages. */
export const azureChinaAuthorities = [
  'https://login.chinacloudapi.cn',
  'https://login.partner.microsoftonline.cn',
] as const;
